(module
  (func (export "run") (result i32)
    (i64.add128 (i64.const 40) (i64.const 0) (i64.const 2) (i64.const 0))
    (drop)
    (i32.wrap_i64)))
