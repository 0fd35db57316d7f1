#include "proxy/import/sql_tokens.h"

#include "greylist/ascii.h"

namespace proxy {
namespace {

namespace ascii = greylist::ascii;

bool blank(int c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
bool word_character(int c) {
  return c != TextInput::end && (ascii::alphanumeric(static_cast<char>(c)) || c == '_' || c == '$' || c >= 0x80);
}

// MySQL's escapes; those of PostgreSQL that matter are among them.
char escaped(char c) {
  switch (c) {
    case '0': return '\0';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'Z': return '\x1a';
    default: return c;
  }
}

}  // namespace

bool SqlToken::is(std::string_view keyword) const {
  return kind == Kind::word && ascii::equal_ignoring_case(value, keyword);
}

bool SqlTokens::take(std::string_view keyword) {
  const bool there = token_.is(keyword);
  if (there) next();
  return there;
}

bool SqlTokens::take(char symbol) {
  const bool there = token_.is(symbol);
  if (there) next();
  return there;
}

void SqlTokens::append(char c) {
  token_.whole = token_.whole && token_.value.size() < longest;
  if (token_.whole) token_.value += c;
}

void SqlTokens::skip_line() {
  for (int c = input_.get(); c != TextInput::end && c != '\n'; c = input_.get()) {
  }
}

// Behind "/*".
void SqlTokens::skip_comment() {
  if (input_.peek() == 'M') input_.get();  // MariaDB has /*M!…*/ as well
  mysql_ = mysql_ || input_.peek() == '!';
  for (int before = 0, c = input_.get(); c != TextInput::end; before = c, c = input_.get()) {
    if (before == '*' && c == '/') return;
  }
}

const SqlToken& SqlTokens::next() {
  for (;;) {
    token_.value.clear();
    token_.whole = true;
    while (blank(input_.peek())) input_.get();
    const int first = input_.get();
    if (first == TextInput::end) {
      token_.kind = SqlToken::Kind::end;
    } else if (first == '#' || (first == '-' && input_.peek() == '-')) {
      skip_line();
      continue;
    } else if (first == '/' && input_.peek() == '*') {
      input_.get();
      skip_comment();
      continue;
    } else if (first == '\'') {
      token_.kind = SqlToken::Kind::text;
      read_quoted('\'', mysql_);
    } else if (first == '"' || first == '`' || first == '[') {
      mysql_ = mysql_ || first == '`';
      token_.kind = SqlToken::Kind::name;
      read_quoted(first == '[' ? ']' : static_cast<char>(first), false);
    } else if (word_character(first)) {
      token_.kind = SqlToken::Kind::word;
      append(static_cast<char>(first));
      while (word_character(input_.peek())) append(static_cast<char>(input_.get()));
      if (input_.peek() == '\'' && token_.is("E")) {
        input_.get();
        token_.value.clear();
        token_.kind = SqlToken::Kind::text;
        read_quoted('\'', true);
      }
    } else {
      token_.kind = SqlToken::Kind::symbol;
      append(static_cast<char>(first));
    }
    return token_;
  }
}

// Behind the opening quote. A quote within is doubled.
void SqlTokens::read_quoted(char close, bool escapes) {
  for (int c = input_.get(); c != TextInput::end; c = input_.get()) {
    if (c == '\\' && escapes) {
      c = input_.get();
      if (c == TextInput::end) break;
      append(escaped(static_cast<char>(c)));
    } else if (c != close) {
      append(static_cast<char>(c));
    } else if (input_.peek() == close) {
      append(static_cast<char>(input_.get()));
    } else {
      return;
    }
  }
  token_.whole = false;  // never closed
}

}  // namespace proxy
