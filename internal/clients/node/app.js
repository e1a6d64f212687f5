// A little application on node's mysql2, as run.sh starts it:
//
//   node app.js HOST PORT
//
// It asserts every answer and exits with code 1 at the first that is wrong.
'use strict';

const assert = require('node:assert/strict');
const mysql = require('mysql2/promise');

const [host, port] = process.argv.slice(2);
const database = 'clients_node';
const options = { host, port: Number(port), user: 'root', supportBigNumbers: true, bigNumberStrings: false, dateStrings: true };

// fails wants an error of MySQL's.
async function fails(promise, errno, sqlState, part) {
  await assert.rejects(promise, (e) => {
    assert.equal(e.errno, errno, e.message);
    assert.equal(e.sqlState, sqlState);
    assert.ok(e.message.includes(part), e.message);
    return true;
  });
}

// both runs a query by the text protocol and as a prepared statement.
async function both(db, sql, params, want) {
  const [text] = await db.query(sql, params);
  assert.deepEqual(text, want, `query: ${sql}`);
  const [prepared] = await db.execute(sql, params);
  assert.deepEqual(prepared, want, `execute: ${sql}`);
}

async function schema(db) {
  await db.query(`DROP DATABASE IF EXISTS ${database}`);
  await db.query(`CREATE DATABASE ${database}`);
  await db.changeUser({ database });
  const [made] = await db.query(`CREATE TABLE article (
    id INT AUTO_INCREMENT PRIMARY KEY, title VARCHAR(100) NOT NULL, price DECIMAL(30,10), views BIGINT UNSIGNED DEFAULT 0,
    score DOUBLE, day DATE, at DATETIME(6), image BLOB, body TEXT)`);
  assert.equal(made.affectedRows, 0);
  await db.query('CREATE TABLE vote (article INT NOT NULL, voter INT NOT NULL, PRIMARY KEY (article, voter))');
  await db.query(`CREATE MATERIALIZED VIEW ranked AS
    SELECT a.id, a.title, COUNT(v.voter) AS votes FROM article a LEFT JOIN vote v ON v.article = a.id GROUP BY a.id, a.title`);
}

async function writes(db) {
  const [r] = await db.query('INSERT INTO article (title, price) VALUES ?', [[['Zebra 🦓', '1.5'], ["it's", null], ['墨', '-0.0000000001']]]);
  assert.equal(r.affectedRows, 3);
  assert.equal(r.insertId, 1);
  await both(db, 'SELECT * FROM ranked ORDER BY id', [], [
    { id: 1, title: 'Zebra 🦓', votes: 0 }, { id: 2, title: "it's", votes: 0 }, { id: 3, title: '墨', votes: 0 },
  ]);
  // One prepared statement again and again: the types travel with the first.
  for (let voter = 1; voter <= 50; voter++) {
    const [w] = await db.execute('INSERT INTO vote (article, voter) VALUES (?, ?)', [1 + (voter % 2), voter]);
    assert.equal(w.affectedRows, 1);
    const [rows] = await db.execute('SELECT SUM(votes) AS n FROM ranked');
    assert.equal(Number(rows[0].n), voter);
  }
  const [u] = await db.execute('UPDATE article SET views = views + ?, score = ? WHERE id = ?', [7, 0.25, 2]);
  assert.equal(u.affectedRows, 1);
  assert.equal(u.changedRows, 1);
  const [d] = await db.execute('DELETE FROM vote WHERE article = ? AND voter > ?', [1, 20]);
  assert.equal(d.affectedRows, 15);
  await both(db, 'SELECT votes FROM ranked WHERE id = ?', [1], [{ votes: 10 }]);
  await both(db, 'SELECT views, score FROM article WHERE id = ?', [2], [{ views: 7, score: 0.25 }]);
}

// Types of arguments change between executions of one statement, NULL among
// them, which a server must not mix up.
async function reexecution(db) {
  const sql = 'SELECT ? AS v, id FROM article WHERE id = ?';
  for (const [v, want] of [['a', 'a'], ['b', 'b'], [null, null], ['c', 'c'], [null, null], ['d', 'd']]) {
    const [rows] = await db.execute(sql, [v, 1]);
    assert.deepEqual(rows, [{ v: want, id: 1 }]);
  }
  const page = 'SELECT id FROM article ORDER BY id LIMIT ? OFFSET ?';
  for (const [limit, offset, want] of [[2, 0, [1, 2]], [2, 1, [2, 3]], [5, 2, [3]], [5, 9, []]]) {
    // mysql2 sends numbers as doubles, and strings for who wants to be sure.
    for (const params of [[limit, offset], [String(limit), String(offset)]]) {
      const [rows] = await db.execute(page, params);
      assert.deepEqual(rows.map((r) => r.id), want, `LIMIT ${params}`);
    }
    const [rows] = await db.query(page, [limit, offset]);
    assert.deepEqual(rows.map((r) => r.id), want);
  }
  const statement = await db.prepare('SELECT title FROM article WHERE id = ?');
  for (const [id, want] of [[1, 'Zebra 🦓'], [2, "it's"], [1, 'Zebra 🦓']]) {
    const [rows] = await statement.execute([id]);
    assert.equal(rows[0].title, want);
  }
  await statement.close();
}

async function values(db) {
  const image = Buffer.from(Array.from({ length: 70000 }, (_, i) => (i * 31) & 255));
  const body = 'ünïcödé 👩‍🚀\n\'"\\\0'.repeat(1000);
  await db.execute('INSERT INTO article (id, title, price, views, score, day, at, image, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    [100, '', '12345678901234567890.0123456789', '18446744073709551615', -1.5e-300, '2024-02-29', '2024-02-29 13:05:09.123456', image, body]);
  await both(db, 'SELECT * FROM article WHERE id = ?', [100], [{
    id: 100, title: '', price: '12345678901234567890.0123456789', views: '18446744073709551615', score: -1.5e-300,
    day: '2024-02-29', at: '2024-02-29 13:05:09.123456', image, body,
  }]);
  await db.execute('INSERT INTO article (id, title, at) VALUES (?, ?, ?)', [101, 'nothing', null]);
  await both(db, 'SELECT price, score, day, at, image, body FROM article WHERE id = ?', [101], [{
    price: null, score: null, day: null, at: null, image: null, body: null,
  }]);
  const dates = await mysql.createConnection({ ...options, database, dateStrings: false, timezone: 'Z' });
  const at = new Date(Date.UTC(2023, 11, 31, 23, 59, 59, 250));
  await dates.execute('UPDATE article SET at = ?, day = ? WHERE id = 101', [at, at]);
  const [rows] = await dates.execute('SELECT at FROM article WHERE id = 101');
  assert.deepEqual(rows[0].at, at);
  await dates.end();
  await both(db, 'SELECT day FROM article WHERE id = ?', [101], [{ day: '2023-12-31' }]);
  await db.query('DELETE FROM article WHERE id >= 100');
}

async function transactions(db) {
  await db.beginTransaction();
  await db.execute('INSERT INTO vote VALUES (3, 1), (3, 2)');
  await both(db, 'SELECT votes FROM ranked WHERE id = 3', [], [{ votes: 2 }]);
  await db.rollback();
  await both(db, 'SELECT votes FROM ranked WHERE id = 3', [], [{ votes: 0 }]);
  await db.beginTransaction();
  await db.execute('INSERT INTO vote VALUES (3, 9)');
  await db.commit();
  await both(db, 'SELECT votes FROM ranked WHERE id = 3', [], [{ votes: 1 }]);
}

async function errors(db) {
  for (const run of ['query', 'execute']) {
    await fails(db[run]('INSERT INTO vote VALUES (3, 9)'), 1062, '23000', "Duplicate entry '3-9' for key 'vote.PRIMARY'");
    await fails(db[run]('SELECT titel FROM article'), 1054, '42S22', "Unknown column 'titel'");
    await fails(db[run]('SELEC 1'), 1064, '42000', 'SELEC');
    await fails(db[run]('SELECT * FROM nothing'), 1146, '42S02', "doesn't exist");
    await fails(db[run]('INSERT INTO article (title) VALUES (NULL)'), 1048, '23000', 'title');
    await fails(db[run]('SELECT 1; SELECT 2'), 1064, '42000', '');
  }
  const [rows] = await db.query('SELECT 1 AS one');
  assert.deepEqual(rows, [{ one: 1 }]);
  await fails(mysql.createConnection({ ...options, user: 'nobody' }), 1045, '28000', 'Access denied');
  await fails(mysql.createConnection({ ...options, database: 'nowhere' }), 1049, '42000', 'nowhere');
}

async function severalStatements() {
  const db = await mysql.createConnection({ ...options, database, multipleStatements: true, rowsAsArray: true });
  const [sets] = await db.query("INSERT INTO article (id, title) VALUES (50, 'x'); SELECT id FROM article WHERE id = 50; SELECT votes FROM ranked WHERE id = 50; DELETE FROM article WHERE id = 50");
  assert.equal(sets.length, 4);
  assert.equal(sets[0].affectedRows, 1);
  assert.deepEqual(sets[1], [[50]]);
  assert.deepEqual(sets[2], [[0]]);
  assert.equal(sets[3].affectedRows, 1);
  await db.end();
}

async function lookAround(db) {
  const [tables] = await db.query('SHOW FULL TABLES');
  assert.deepEqual(tables.map((t) => Object.values(t)), [['article', 'BASE TABLE'], ['ranked', 'MATERIALIZED VIEW'], ['vote', 'BASE TABLE']]);
  const [columns] = await db.query('DESCRIBE vote');
  assert.deepEqual(columns.map((c) => [c.Field, c.Type, c.Null, c.Key]), [['article', 'int', 'NO', 'PRI'], ['voter', 'int', 'NO', 'PRI']]);
  const [, fields] = await db.query('SELECT a.id AS number, title FROM article a');
  assert.deepEqual(fields.map((f) => f.name), ['number', 'title']);
  await db.ping();
}

// A pool counts with many connections: no increment is lost.
async function pool() {
  const p = mysql.createPool({ ...options, database, connectionLimit: 8 });
  await p.execute('UPDATE article SET views = 0 WHERE id = 1');
  await Promise.all(Array.from({ length: 100 }, () => p.execute('UPDATE article SET views = views + 1 WHERE id = ?', [1])));
  const [rows] = await p.query('SELECT views FROM article WHERE id = 1');
  assert.deepEqual(rows, [{ views: 100 }]);
  await p.end();
}

// Rows come as a stream, with their reader slower than the server.
async function stream(db) {
  await db.query('CREATE TABLE many (id INT PRIMARY KEY, pad VARCHAR(200))');
  for (let from = 0; from < 20000; from += 2000) {
    await db.query('INSERT INTO many VALUES ?', [Array.from({ length: 2000 }, (_, i) => [from + i, 'x'.repeat(150)])]);
  }
  let next = 0;
  for await (const row of db.connection.query('SELECT id FROM many ORDER BY id').stream({ highWaterMark: 10 })) {
    assert.equal(row.id, next++);
  }
  assert.equal(next, 20000);
}

async function main() {
  const db = await mysql.createConnection(options);
  for (const part of [schema, writes, reexecution, values, transactions, errors, severalStatements, lookAround, pool, stream]) {
    try {
      await part(db);
    } catch (e) {
      e.message = `${part.name}: ${e.message}`;
      throw e;
    }
  }
  await db.query(`DROP DATABASE ${database}`);
  await db.end();
}

main().catch((e) => {
  console.error(e);
  process.exit(1);
});
