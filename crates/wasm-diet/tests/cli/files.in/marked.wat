;; a comment
(module)
