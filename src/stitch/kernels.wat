;; What stitching does to every element: is it finite, and rows to columns, four or two lanes at a time.
;; Addresses and strides are in bytes, counts in elements.
(module
  (import "stitch" "memory" (memory 1))

  ;; 1 if none of `count` float32 at `at` has all exponent bits set.
  (func (export "finite32") (param $at i32) (param $count i32) (result i32)
    (local $end i32) (local $mask v128) (local $bad v128)
    (local.set $mask (i32x4.splat (i32.const 0x7f800000)))
    (local.set $end (i32.add (local.get $at) (i32.shl (i32.and (local.get $count) (i32.const -8)) (i32.const 2))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $bad
          (v128.or
            (local.get $bad)
            (v128.or
              (i32x4.eq (v128.and (v128.load (local.get $at)) (local.get $mask)) (local.get $mask))
              (i32x4.eq (v128.and (v128.load offset=16 (local.get $at)) (local.get $mask)) (local.get $mask)))))
        (local.set $at (i32.add (local.get $at) (i32.const 32)))
        (br $next)))
    (if (v128.any_true (local.get $bad)) (then (return (i32.const 0))))
    (local.set $end (i32.add (local.get $end) (i32.shl (i32.and (local.get $count) (i32.const 7)) (i32.const 2))))
    (block $whole
      (loop $rest
        (br_if $whole (i32.ge_u (local.get $at) (local.get $end)))
        (if (i32.eq (i32.and (i32.load (local.get $at)) (i32.const 0x7f800000)) (i32.const 0x7f800000))
          (then (return (i32.const 0))))
        (local.set $at (i32.add (local.get $at) (i32.const 4)))
        (br $rest)))
    (i32.const 1))

  ;; The same of float64.
  (func (export "finite64") (param $at i32) (param $count i32) (result i32)
    (local $end i32) (local $mask v128) (local $bad v128)
    (local.set $mask (i64x2.splat (i64.const 0x7ff0000000000000)))
    (local.set $end (i32.add (local.get $at) (i32.shl (i32.and (local.get $count) (i32.const -4)) (i32.const 3))))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $bad
          (v128.or
            (local.get $bad)
            (v128.or
              (i64x2.eq (v128.and (v128.load (local.get $at)) (local.get $mask)) (local.get $mask))
              (i64x2.eq (v128.and (v128.load offset=16 (local.get $at)) (local.get $mask)) (local.get $mask)))))
        (local.set $at (i32.add (local.get $at) (i32.const 32)))
        (br $next)))
    (if (v128.any_true (local.get $bad)) (then (return (i32.const 0))))
    (local.set $end (i32.add (local.get $end) (i32.shl (i32.and (local.get $count) (i32.const 3)) (i32.const 3))))
    (block $whole
      (loop $rest
        (br_if $whole (i32.ge_u (local.get $at) (local.get $end)))
        (if
          (i64.eq
            (i64.and (i64.load (local.get $at)) (i64.const 0x7ff0000000000000))
            (i64.const 0x7ff0000000000000))
          (then (return (i32.const 0))))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (br $rest)))
    (i32.const 1))

  ;; Four rows of four float32 at `from` become four columns at `to`.
  (func $square32 (param $from i32) (param $fromStride i32) (param $to i32) (param $toStride i32)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local $ab v128) (local $cd v128)
    (local.set $a (v128.load (local.get $from)))
    (local.set $from (i32.add (local.get $from) (local.get $fromStride)))
    (local.set $b (v128.load (local.get $from)))
    (local.set $from (i32.add (local.get $from) (local.get $fromStride)))
    (local.set $c (v128.load (local.get $from)))
    (local.set $from (i32.add (local.get $from) (local.get $fromStride)))
    (local.set $d (v128.load (local.get $from)))
    (local.set $ab (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $a) (local.get $b)))
    (local.set $cd (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $c) (local.get $d)))
    (v128.store (local.get $to)
      (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $ab) (local.get $cd)))
    (local.set $to (i32.add (local.get $to) (local.get $toStride)))
    (v128.store (local.get $to)
      (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $ab) (local.get $cd)))
    (local.set $to (i32.add (local.get $to) (local.get $toStride)))
    (local.set $ab (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $a) (local.get $b)))
    (local.set $cd (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $c) (local.get $d)))
    (v128.store (local.get $to)
      (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $ab) (local.get $cd)))
    (local.set $to (i32.add (local.get $to) (local.get $toStride)))
    (v128.store (local.get $to)
      (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $ab) (local.get $cd))))

  ;; Two rows of two float64.
  (func $square64 (param $from i32) (param $fromStride i32) (param $to i32) (param $toStride i32)
    (local $a v128) (local $b v128)
    (local.set $a (v128.load (local.get $from)))
    (local.set $b (v128.load (i32.add (local.get $from) (local.get $fromStride))))
    (v128.store (local.get $to)
      (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $a) (local.get $b)))
    (v128.store (i32.add (local.get $to) (local.get $toStride))
      (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $a) (local.get $b))))

  (func $least (param $a i32) (param $b i32) (result i32)
    (select (local.get $a) (local.get $b) (i32.lt_u (local.get $a) (local.get $b))))

  ;; rows × columns elements at `from` are written as columns × rows at `to`. Cache line by cache line: rows of a
  ;; power of two fall into the same sets of a cache, so each line is used up while it is there. What no square is left
  ;; for is turned in one that overlaps the last.
  (func (export "transpose32")
    (param $from i32) (param $fromStride i32) (param $to i32) (param $toStride i32) (param $rows i32) (param $columns i32)
    (local $row i32) (local $column i32) (local $rowEnd i32) (local $columnEnd i32)
    (local $r i32) (local $c i32) (local $rr i32) (local $cc i32)
    (if (i32.or (i32.lt_u (local.get $rows) (i32.const 4)) (i32.lt_u (local.get $columns) (i32.const 4)))
      (then
        (call $singles32 (local.get $from) (local.get $fromStride) (local.get $to) (local.get $toStride)
          (local.get $rows) (local.get $columns))
        (return)))
    (block $rowsDone
      (loop $rowBlock
        (br_if $rowsDone (i32.ge_u (local.get $row) (local.get $rows)))
        (local.set $rowEnd (i32.add (local.get $row) (i32.const 16)))
        (if (i32.gt_u (local.get $rowEnd) (local.get $rows)) (then (local.set $rowEnd (local.get $rows))))
        (local.set $column (i32.const 0))
        (block $columnsDone
          (loop $columnBlock
            (br_if $columnsDone (i32.ge_u (local.get $column) (local.get $columns)))
            (local.set $columnEnd (i32.add (local.get $column) (i32.const 16)))
            (if (i32.gt_u (local.get $columnEnd) (local.get $columns))
              (then (local.set $columnEnd (local.get $columns))))
            (local.set $r (local.get $row))
            (block $blockDone
              (loop $blockRow
                (br_if $blockDone (i32.ge_u (local.get $r) (local.get $rowEnd)))
                (local.set $rr (call $least (local.get $r) (i32.sub (local.get $rowEnd) (i32.const 4))))
                (local.set $c (local.get $column))
                (block $squaresDone
                  (loop $square
                    (br_if $squaresDone (i32.ge_u (local.get $c) (local.get $columnEnd)))
                    (local.set $cc (call $least (local.get $c) (i32.sub (local.get $columnEnd) (i32.const 4))))
                    (call $square32
                      (i32.add (local.get $from)
                        (i32.add (i32.mul (local.get $rr) (local.get $fromStride))
                          (i32.shl (local.get $cc) (i32.const 2))))
                      (local.get $fromStride)
                      (i32.add (local.get $to)
                        (i32.add (i32.mul (local.get $cc) (local.get $toStride))
                          (i32.shl (local.get $rr) (i32.const 2))))
                      (local.get $toStride))
                    (local.set $c (i32.add (local.get $c) (i32.const 4)))
                    (br $square)))
                (local.set $r (i32.add (local.get $r) (i32.const 4)))
                (br $blockRow)))
            (local.set $column (local.get $columnEnd))
            (br $columnBlock)))
        (local.set $row (local.get $rowEnd))
        (br $rowBlock))))

  ;; The same where there are too few rows or columns for a square.
  (func $singles32
    (param $from i32) (param $fromStride i32) (param $to i32) (param $toStride i32) (param $rows i32) (param $columns i32)
    (local $r i32) (local $c i32) (local $a i32) (local $b i32)
    (block $done
      (loop $row
        (br_if $done (i32.ge_u (local.get $r) (local.get $rows)))
        (local.set $a (i32.add (local.get $from) (i32.mul (local.get $r) (local.get $fromStride))))
        (local.set $b (i32.add (local.get $to) (i32.shl (local.get $r) (i32.const 2))))
        (local.set $c (i32.const 0))
        (block $rowDone
          (loop $element
            (br_if $rowDone (i32.ge_u (local.get $c) (local.get $columns)))
            (f32.store (local.get $b) (f32.load (local.get $a)))
            (local.set $a (i32.add (local.get $a) (i32.const 4)))
            (local.set $b (i32.add (local.get $b) (local.get $toStride)))
            (local.set $c (i32.add (local.get $c) (i32.const 1)))
            (br $element)))
        (local.set $r (i32.add (local.get $r) (i32.const 1)))
        (br $row))))

  (func (export "transpose64")
    (param $from i32) (param $fromStride i32) (param $to i32) (param $toStride i32) (param $rows i32) (param $columns i32)
    (local $row i32) (local $column i32) (local $rowEnd i32) (local $columnEnd i32)
    (local $r i32) (local $c i32) (local $rr i32) (local $cc i32)
    (if (i32.or (i32.lt_u (local.get $rows) (i32.const 2)) (i32.lt_u (local.get $columns) (i32.const 2)))
      (then
        (call $singles64 (local.get $from) (local.get $fromStride) (local.get $to) (local.get $toStride)
          (local.get $rows) (local.get $columns))
        (return)))
    (block $rowsDone
      (loop $rowBlock
        (br_if $rowsDone (i32.ge_u (local.get $row) (local.get $rows)))
        (local.set $rowEnd (i32.add (local.get $row) (i32.const 8)))
        (if (i32.gt_u (local.get $rowEnd) (local.get $rows)) (then (local.set $rowEnd (local.get $rows))))
        (local.set $column (i32.const 0))
        (block $columnsDone
          (loop $columnBlock
            (br_if $columnsDone (i32.ge_u (local.get $column) (local.get $columns)))
            (local.set $columnEnd (i32.add (local.get $column) (i32.const 8)))
            (if (i32.gt_u (local.get $columnEnd) (local.get $columns))
              (then (local.set $columnEnd (local.get $columns))))
            (local.set $r (local.get $row))
            (block $blockDone
              (loop $blockRow
                (br_if $blockDone (i32.ge_u (local.get $r) (local.get $rowEnd)))
                (local.set $rr (call $least (local.get $r) (i32.sub (local.get $rowEnd) (i32.const 2))))
                (local.set $c (local.get $column))
                (block $squaresDone
                  (loop $square
                    (br_if $squaresDone (i32.ge_u (local.get $c) (local.get $columnEnd)))
                    (local.set $cc (call $least (local.get $c) (i32.sub (local.get $columnEnd) (i32.const 2))))
                    (call $square64
                      (i32.add (local.get $from)
                        (i32.add (i32.mul (local.get $rr) (local.get $fromStride))
                          (i32.shl (local.get $cc) (i32.const 3))))
                      (local.get $fromStride)
                      (i32.add (local.get $to)
                        (i32.add (i32.mul (local.get $cc) (local.get $toStride))
                          (i32.shl (local.get $rr) (i32.const 3))))
                      (local.get $toStride))
                    (local.set $c (i32.add (local.get $c) (i32.const 2)))
                    (br $square)))
                (local.set $r (i32.add (local.get $r) (i32.const 2)))
                (br $blockRow)))
            (local.set $column (local.get $columnEnd))
            (br $columnBlock)))
        (local.set $row (local.get $rowEnd))
        (br $rowBlock))))

  ;; The same where there are too few rows or columns for a square.
  (func $singles64
    (param $from i32) (param $fromStride i32) (param $to i32) (param $toStride i32) (param $rows i32) (param $columns i32)
    (local $r i32) (local $c i32) (local $a i32) (local $b i32)
    (block $done
      (loop $row
        (br_if $done (i32.ge_u (local.get $r) (local.get $rows)))
        (local.set $a (i32.add (local.get $from) (i32.mul (local.get $r) (local.get $fromStride))))
        (local.set $b (i32.add (local.get $to) (i32.shl (local.get $r) (i32.const 3))))
        (local.set $c (i32.const 0))
        (block $rowDone
          (loop $element
            (br_if $rowDone (i32.ge_u (local.get $c) (local.get $columns)))
            (f64.store (local.get $b) (f64.load (local.get $a)))
            (local.set $a (i32.add (local.get $a) (i32.const 8)))
            (local.set $b (i32.add (local.get $b) (local.get $toStride)))
            (local.set $c (i32.add (local.get $c) (i32.const 1)))
            (br $element)))
        (local.set $r (i32.add (local.get $r) (i32.const 1)))
        (br $row))))

  ;; `lines` lines of `bytes` bytes (whole words) each, from line to line.
  (func (export "copy")
    (param $from i32) (param $fromStride i32) (param $to i32) (param $toStride i32) (param $bytes i32) (param $lines i32)
    (local $at i32) (local $a i32) (local $b i32)
    (block $done
      (loop $line
        (br_if $done (i32.eqz (local.get $lines)))
        (local.set $at (i32.const 0))
        (block $largeDone
          (loop $large
            (br_if $largeDone (i32.gt_u (i32.add (local.get $at) (i32.const 64)) (local.get $bytes)))
            (local.set $a (i32.add (local.get $from) (local.get $at)))
            (local.set $b (i32.add (local.get $to) (local.get $at)))
            (v128.store (local.get $b) (v128.load (local.get $a)))
            (v128.store offset=16 (local.get $b) (v128.load offset=16 (local.get $a)))
            (v128.store offset=32 (local.get $b) (v128.load offset=32 (local.get $a)))
            (v128.store offset=48 (local.get $b) (v128.load offset=48 (local.get $a)))
            (local.set $at (i32.add (local.get $at) (i32.const 64)))
            (br $large)))
        (block $wordsDone
          (loop $word
            (br_if $wordsDone (i32.ge_u (local.get $at) (local.get $bytes)))
            (i32.store (i32.add (local.get $to) (local.get $at))
              (i32.load (i32.add (local.get $from) (local.get $at))))
            (local.set $at (i32.add (local.get $at) (i32.const 4)))
            (br $word)))
        (local.set $from (i32.add (local.get $from) (local.get $fromStride)))
        (local.set $to (i32.add (local.get $to) (local.get $toStride)))
        (local.set $lines (i32.sub (local.get $lines) (i32.const 1)))
        (br $line)))))
