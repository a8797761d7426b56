// SQLite by Emscripten.
import initSqlJs from 'sql.js';

const QUERY =
  'WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x+1 FROM c WHERE x<50) ' +
  "SELECT count(*), sum(x*x), group_concat(printf('%x', x)), round(avg(x/3.0), 3), json_array(max(x), min(x)) FROM c";
const SQL = await initSqlJs();
const first = new SQL.Database();
first.run('CREATE TABLE t(a, b); CREATE INDEX i ON t(b); INSERT INTO t VALUES (1, 2.5), (NULL, x\'00ff\'), (3, \'é\')');
console.log(JSON.stringify(first.exec(QUERY)), JSON.stringify(first.exec('SELECT typeof(b), hex(b) FROM t ORDER BY b')));
console.log(first.export().length);
