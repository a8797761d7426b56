(module
  (func (export "run") (result i32)
    (local i32)
    (i32.const 0)
    (loop $again (param i32) (result i32)
      (i32.add (i32.const 1))
      (local.set 0)
      (br_if $again (local.get 0) (i32.lt_u (local.get 0) (i32.const 42))))))
