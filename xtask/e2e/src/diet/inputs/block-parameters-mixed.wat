;; A branch that carries a value to a loop or to the end of a block.
(module
  (func (export "run") (result i32)
    (local i32)
    (block $out (result i32)
      (i32.const 38)
      (loop $again (param i32) (result i32)
        (i32.add (i32.const 1))
        (local.set 0 (i32.add (local.get 0) (i32.const 1)))
        (br_table $again $out (i32.gt_u (local.get 0) (i32.const 3)))))))
