/** @file Texts for the odd corners of the text format: each spelling of a value in a field of each type. */

/** Spellings of values, put to a field of every type. */
const VALUES =
  String.raw`1 -1 - 1 +1 0 -0 00 01 08 010 0x10 0X1f 0x -0x1 0b1 1.0 1. .5 . 1e3 1E+3 1e 1e+ 1f 1.5F 1fF
  0x1f 0x1p3 2147483647 2147483648 -2147483648 -2147483649 4294967295 4294967296 9007199254740991 1e400 -1e400 1e-400
  12345678901234567890123456789 inf -inf Inf INF infinity -Infinity nan NaN -nan nanf inff true false True False TRUE t f
  T yes on 2 MAX max SUM "MAX" "1" 'true' "" '' "a" "a""b" "a"'b' a a.b a-b _ "\n" "\x4" "\x" "\xg" "\400" "\1" "\777" "\8"
  "\u0041" "\u00" "\ud800" "\U0001F600" "\U00110000" "\'" '\"' "\q" "\" "" "é" "tab	" { } {} < > <> [] [1] [1,] [,1] [1,2]
  [1 2] ["a"] ["a","b"] [[1]] [{}] [{},{}] [-1] [- 1] [inf] 1,2 1;2`
    .split(/\s+/)
    .filter(Boolean);

/** A field of each type, with the text around it. */
const FIELDS = [
  (value: string) => `name: ${value}`,
  (value: string) => `force_backward: ${value}`,
  (value: string) => `input_dim: ${value}`,
  (value: string) => `input_shape { dim: ${value} }`,
  (value: string) => `layer { loss_weight: ${value} }`,
  (value: string) => `layer { pooling_param { pool: ${value} } }`,
  (value: string) => `layer { pooling_param { kernel_size: ${value} } }`,
  (value: string) => `layer { top: ${value} }`,
  (value: string) => `layer { blobs { double_data: ${value} } }`,
  (value: string) => `state: ${value}`,
  (value: string) => `state ${value}`,
];

/** Whole texts. */
const TEXTS = [
  "",
  " \t\r\n\v\f",
  "# only a comment",
  "#\n#\nname: 'a' # end",
  "# caf\u00e9 \ud83d\ude00\nname: 'a'",
  "name: 'a'\r\nforce_backward: true\r\n",
  "name: 'a';",
  "name: 'a',",
  "name: 'a';;",
  ";name: 'a'",
  ",",
  "name:'a'force_backward:true",
  "name:\n\n'a'",
  "name\n:\n'a'",
  "name : 'a'",
  "name 'a'",
  "name = 'a'",
  "name: 'a\nb'",
  "name: 'a\\\nb'",
  "name: 'a'\n'b' \"c\"",
  "name: 'a' # comment\n 'b'",
  'name: "a',
  "name: 'a\"",
  "name: 'a' name: 'b'",
  "name: 'a' }",
  "state { phase: TEST",
  "state { phase: TEST >",
  "state < phase: TEST }",
  "state < phase: TEST >",
  "state: { phase: TEST }",
  "state: < phase: TEST >",
  "state { phase: TEST } state { level: 1 }",
  "state { phase: 0 }",
  "state { phase: 2 }",
  "state { phase: TEST, level: 1; stage: 'a' }",
  "state { phase: TEST } , name: 'a'",
  "state { } ; name: 'a'",
  "state { stage: ['a', 'b'] stage: 'c' }",
  "state { stage ['a'] }",
  "layer [ { name: 'a' }, { name: 'b' } ]",
  "layer: [ { name: 'a' } { name: 'b' } ]",
  "layer: [ < name: 'a' >, { name: 'b' } ]",
  "layer { name: 'a' } layer { name: 'b' }",
  "layer { clip_param { min: 1 } }",
  "layer { clip_param { min: 1 max: 2 } }",
  "layer { clip_param { } }",
  "layer { unknown: 1 }",
  "layer { unknown { a: 1 } }",
  "100 { name: 'a' }",
  "1: 'a'",
  "Name: 'a'",
  "layers { type: CONVOLUTION }",
  "layers { type: Convolution }",
  "layers { type: 4 }",
  "layers { type: 'CONVOLUTION' }",
  "layers { type: 99 }",
  "[caffe.x]: 1",
  "[type.googleapis.com/caffe.NetState] { }",
  "name: 'a' \0",
  "name: 'a\0b'",
  "name: 'a' \x01",
  "name: 'a\x01b'",
  "name: 'a' \x7f",
  "\u00e9: 1",
  "name: \u00e9",
  "name: 'a' \u00a0",
  "<<<<<<< HEAD\nname: 'a'\n=======\n>>>>>>> x",
  "name: 'a' /* c */",
  "name: 'a' // c",
  "input_dim: 1 2",
  "input_dim: 1,input_dim: 2",
  "input_dim: 1 input_dim: [2, 3] input_dim: []",
  "input_dim: 1input_dim: 2",
  "input_dim: 1.5input_dim: 2",
  "input_dim: -\n1",
  "input_dim: - # c\n1",
  "input_dim: --1",
  "input: 'a' 'b', input: 'c'",
  `${"a {".repeat(40)}${"}".repeat(40)}`,
];

export const textBattery: readonly string[] = [
  ...new Set([...FIELDS.flatMap((field) => VALUES.map(field)), ...TEXTS]),
];
