(module
  (memory 1)
  (data $d "\2a\00\00\00")
  (func (export "run") (result i32)
    (memory.init $d (i32.const 0) (i32.const 0) (i32.const 4))
    (data.drop $d)
    (i32.load (i32.const 0))))
