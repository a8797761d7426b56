(component
  (core module $main
    (@custom "dylink.0" (before first) "\01\04\08\02\00\00")
    (import "env" "memory" (memory 1))
    (import "env" "__memory_base" (global $base i32))
    (func (export "run") (result i32) (i32.load (i32.add (global.get $base) (i32.const 4))))
    (data (global.get $base) "\00\00\00\00\2a\00\00\00"))
  (core module $env
    (memory (export "memory") 1)
    (global (export "__memory_base") i32 (i32.const 1024)))
  (core instance $e (instantiate $env))
  (core instance $i (instantiate $main (with "env" (instance $e))))
  (func (export "run") (result u32) (canon lift (core func $i "run"))))
