// Package weir is the map of the Weir repository; it holds no code.
//
// Weir is a streaming SQL database: tables change, materialized views follow
// within the same step, and a read is a look-up. The packages stand on floors
// and import downwards only (floors_test.go keeps it so):
//
//	7 entry     cmd/weir
//	6 doors     server/mysql  server/http  console
//	5 node      engine                  sessions, statements, the batcher
//	4 machine   shard                   log + state + circuits = Step
//	3 running   rel < pull, push        kernels and Source; one plan, two runners
//	2 keeping   mem < arrange;  wlog    budget, sorted runs, the log
//	1 meaning   expr < plan < catalog < sql/parse < sql/bind
//	0 words     types < zset < sqlerr   internal/...
//
// docs/architecture.md follows an INSERT and a SELECT through them.
package weir
