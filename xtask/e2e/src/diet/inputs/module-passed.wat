(component
  (core module $m (func (export "run") (result i32) (i32.sub (i32.const 50) (i32.const 8))))
  (component $user
    (import "m" (core module $m (export "run" (func (result i32)))))
    (core instance $i (instantiate $m))
    (func (export "run") (result u32) (canon lift (core func $i "run"))))
  (instance $u (instantiate $user (with "m" (core module $m))))
  (export "run" (func $u "run"))
  (export "m" (core module $m)))
