(module
  (table $t 1 externref)
  (table $f 1 funcref)
  (elem (table $f) (i32.const 0) func $answer)
  (func $answer (result i32) (i32.const 42))
  (func (export "run") (result i32)
    (if (i32.eqz (ref.is_null (table.get $t (i32.const 0)))) (then (unreachable)))
    (call_indirect $f (result i32) (i32.const 0))))
