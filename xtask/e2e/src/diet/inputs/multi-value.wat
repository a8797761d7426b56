(module
  (func $pair (param i32) (result i32 i32) (local.get 0) (i32.const 2))
  (func (export "run") (result i32) (i32.add (call $pair (i32.const 40)))))
