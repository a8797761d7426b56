(component
  (core module $m
    (global $count (mut i32) (i32.const 0))
    (func (export "run") (result i32)
      (global.set $count (i32.add (global.get $count) (i32.const 21)))
      (global.get $count)))
  (core instance $a (instantiate $m))
  (core instance $b (instantiate $m))
  (core module $sum
    (import "a" "run" (func $a (result i32)))
    (import "b" "run" (func $b (result i32)))
    (func (export "run") (result i32) (i32.add (call $a) (call $b))))
  (core instance $s (instantiate $sum (with "a" (instance $a)) (with "b" (instance $b))))
  (func (export "run") (result u32) (canon lift (core func $s "run"))))
