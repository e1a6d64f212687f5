-- A little shop, as a user of the stock mariadb client would keep it. run.sh
-- compares what the client prints with app.golden, errors included.
CREATE DATABASE clients_mariadb;
USE clients_mariadb
SELECT DATABASE();
CREATE TABLE customer (
  id INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  name VARCHAR(40) NOT NULL,
  email VARCHAR(80) UNIQUE,
  born DATE,
  joined DATETIME(6) NOT NULL DEFAULT '2024-01-01 00:00:00',
  vip BOOLEAN NOT NULL DEFAULT FALSE
);
CREATE TABLE orders (
  customer_id INT UNSIGNED NOT NULL,
  no SMALLINT NOT NULL,
  total DECIMAL(12,2) NOT NULL,
  big BIGINT UNSIGNED,
  huge DECIMAL(65,10),
  weight DOUBLE,
  note TEXT,
  raw BLOB,
  PRIMARY KEY (customer_id, no),
  KEY by_total (total)
);
CREATE MATERIALIZED VIEW spent AS
  SELECT c.name, COUNT(o.no) AS orders, SUM(o.total) AS total
  FROM customer c LEFT JOIN orders o ON o.customer_id = c.id GROUP BY c.id, c.name;
CREATE MATERIALIZED VIEW IF NOT EXISTS spent AS SELECT 1 AS one;
CREATE MATERIALIZED VIEW big_spenders AS SELECT name, total FROM spent WHERE total > 100;

INSERT INTO customer (name, email, born) VALUES ('Ada', 'ada@example.com', '1815-12-10'), ('Zoë 👩‍🚀', 'zoe@example.com', '2000-02-29'), ('李雷', NULL, NULL);
SELECT LAST_INSERT_ID();
SELECT id, name, email, born, joined, vip FROM customer ORDER BY id;
SELECT * FROM spent ORDER BY name;
INSERT INTO orders VALUES
  (1, 1, 99.50, 18446744073709551615, 1234567890123456789012345678901234567890123456789012345.0123456789, 1.5, 'first', x'00FF10'),
  (1, 2, 0.51, 0, -0.0000000001, -2.5e-7, NULL, ''),
  (2, 1, 20, NULL, NULL, NULL, 'it''s "quoted"', 'plain');
SELECT * FROM spent ORDER BY name;
SELECT * FROM big_spenders;
SELECT customer_id, no, total, big, huge, weight, note, HEX(raw) FROM orders ORDER BY customer_id, no;
UPDATE orders SET total = total * 2, note = CONCAT(COALESCE(note, ''), '!') WHERE customer_id = 1;
SELECT ROW_COUNT();
SELECT * FROM spent WHERE name = 'ADA';
DELETE FROM orders WHERE customer_id = 1 AND no = 2;
SELECT * FROM spent ORDER BY total DESC, name LIMIT 2 OFFSET 0;
INSERT INTO orders (customer_id, no, total) VALUES (2, 1, 30) ON DUPLICATE KEY UPDATE total = total + VALUES(total);
SELECT total FROM orders WHERE customer_id = 2;
REPLACE INTO customer (id, name) VALUES (3, 'Lei');
INSERT IGNORE INTO customer (id, name) VALUES (1, 'nobody');
SHOW WARNINGS;
INSERT INTO customer (name, born) SELECT CONCAT(name, ' jr.'), DATE_ADD(born, INTERVAL 30 YEAR) FROM customer WHERE born IS NOT NULL;
SELECT id, name, born FROM customer ORDER BY id;

-- Transactions.
BEGIN;
INSERT INTO orders (customer_id, no, total) VALUES (3, 1, 1000);
SELECT COUNT(*) FROM orders;
SELECT name, total FROM spent WHERE name = 'Lei';
ROLLBACK;
SELECT COUNT(*) FROM orders;
START TRANSACTION;
INSERT INTO orders (customer_id, no, total) VALUES (3, 1, 1000);
UPDATE customer SET vip = TRUE WHERE id = 3;
COMMIT;
SELECT * FROM big_spenders ORDER BY name;
SET autocommit = 0;
DELETE FROM orders WHERE customer_id = 3;
ROLLBACK;
SET autocommit = 1;
SELECT * FROM big_spenders ORDER BY name;

-- Prepared statements of SQL.
PREPARE find FROM 'SELECT id, name FROM customer WHERE id >= ? ORDER BY id LIMIT ?';
SET @from = 2, @n = 2;
EXECUTE find USING @from, @n;
SET @from = 4;
EXECUTE find USING @from, @n;
DEALLOCATE PREPARE find;
EXECUTE find USING @from, @n;

-- What is wrong is said.
INSERT INTO customer (id, name) VALUES (1, 'again');
INSERT INTO customer (name, email) VALUES ('again', 'ada@example.com');
INSERT INTO customer (name) VALUES (NULL);
INSERT INTO orders (customer_id, no, total) VALUES (1, 99999, 1);
INSERT INTO orders (customer_id, no, total) VALUES (1, 7, 'much');
SELECT nam FROM customer;
SELECT * FROM custmer;
SELECT * FROM nowhere.customer;
SELEC 1;
SELECT LENGHT('a');
SELECT * FROM customer LIMIT x;
CREATE TABLE customer (id INT);
INSERT INTO spent VALUES ('x', 1, 1);
DROP TABLE customer;
DROP MATERIALIZED VIEW spent;

-- Looking around.
SHOW TABLES;
SHOW FULL TABLES;
DESCRIBE customer;
SHOW COLUMNS FROM spent;
SHOW CREATE TABLE orders;
SHOW INDEX FROM orders;
SHOW DATABASES LIKE 'clients_mar%';
SHOW VARIABLES LIKE 'autocommit';
SELECT @@version_comment LIKE '%eir%', @@max_allowed_packet > 0, @@session.sql_mode LIKE '%STRICT%';

-- Queries.
SELECT c.name, o.no FROM customer c JOIN orders o ON c.id = o.customer_id WHERE o.total BETWEEN 10 AND 500 ORDER BY 1, 2;
SELECT CASE WHEN vip THEN 'vip' ELSE 'guest' END AS kind, COUNT(*) n FROM customer GROUP BY kind HAVING n > 0 ORDER BY kind;
SELECT name FROM customer WHERE name LIKE 'Z%' OR id IN (1, 3) ORDER BY name;
SELECT 1 AS a UNION SELECT 2 UNION ALL SELECT 2 ORDER BY a;
SELECT x.n + 1 FROM (SELECT COUNT(DISTINCT customer_id) AS n FROM orders) AS x;
SELECT UPPER('straße'), CHAR_LENGTH('👍é'), LENGTH('👍é'), SUBSTRING('Grüße', 3, 2), ROUND(2.5), 7 DIV 2, 7 % 3, 1 / 3, NULL <=> NULL;
SELECT DATEDIFF('2024-03-01', '2024-02-28'), DATE_FORMAT('2024-02-29 13:05:09', '%Y-%m-%d %H:%i'), YEAR('2024-02-29'), LAST_DAY('2023-02-01');
SELECT 9223372036854775807 + 0, 18446744073709551615, -9223372036854775808, 0.1 + 0.2, 1e308;
SELECT 9223372036854775807 + 1;
