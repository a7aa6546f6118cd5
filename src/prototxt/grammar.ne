# Protobuf's text format: fields with values, nothing of Caffe. Types are checked against a schema
# afterwards, so a value is what it looks like: a word, a number, a text, a message or a list.
# It is unambiguous, and lists of fields recurse on the left, so that nearley reads it in linear time.

@preprocessor typescript
@{%
import { tokens } from "../lexer.ts";
import { build } from "../tree.ts";
%}
@lexer tokens

document -> fields             {% id %}

fields -> null                 {% () => undefined %}
        | fields field         {% ([before, item]) => ({ before, item }) %}

field -> body                  {% id %}
       | body separator        {% id %}

separator -> "," | ";"

body -> name ":" scalar        {% ([name, , value]) => build.field(name, true, value) %}
      | name ":" message       {% ([name, , value]) => build.field(name, true, value) %}
      | name ":" list          {% ([name, , value]) => build.field(name, true, value) %}
      | name message           {% ([name, value]) => build.field(name, false, value) %}
      | name list              {% ([name, value]) => build.field(name, false, value) %}

name -> %word                  {% ([word]) => build.name(word) %}
      | "[" words "]"          {% ([open, words, close]) => build.extensionName(open, words, close) %}

words -> %word                 {% ([item]) => ({ item }) %}
       | words "." %word       {% ([before, , item]) => ({ before, item }) %}

message -> "{" fields "}"      {% ([open, fields, close]) => build.message(open, fields, close) %}
         | "<" fields ">"      {% ([open, fields, close]) => build.message(open, fields, close) %}

list -> "[" "]"                {% ([open, close]) => build.list(open, undefined, close) %}
      | "[" items "]"          {% ([open, items, close]) => build.list(open, items, close) %}

items -> item                  {% ([item]) => ({ item }) %}
       | items "," item        {% ([before, , item]) => ({ before, item }) %}

item -> scalar                 {% id %}
      | message                {% id %}

scalar -> %word                {% ([word]) => build.atom("word", word) %}
        | %number              {% ([number]) => build.atom("number", number) %}
        | "-" %word            {% ([minus, word]) => build.atom("word", word, minus) %}
        | "-" %number          {% ([minus, number]) => build.atom("number", number, minus) %}
        | strings              {% ([strings]) => build.text(strings) %}

strings -> %string             {% ([item]) => ({ item }) %}
         | strings %string     {% ([before, item]) => ({ before, item }) %}
