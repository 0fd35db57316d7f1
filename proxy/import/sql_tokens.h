#pragma once
#include <string>
#include <string_view>

#include "proxy/import/text_input.h"

namespace proxy {

struct SqlToken {
  enum class Kind {
    end,
    word,    // keyword, plain name, number
    name,    // in double quotes, backquotes or brackets
    text,    // in single quotes
    symbol,  // any other character
  };
  Kind kind = Kind::end;
  std::string value;  // without quotes and escapes
  bool whole = true;  // no longer than SqlTokens::longest, of which no more is kept; and its quotes were closed

  bool is(char symbol) const { return kind == Kind::symbol && value[0] == symbol; }
  bool is(std::string_view keyword) const;  // in any case
};

// Takes an SQL dump apart as sqlite3, mysqldump and pg_dump write it. Comments are passed over.
//
// In standard SQL '\' is a character as any other in a text, in MySQL it escapes the next. A dump is taken for one of
// MySQL's from its first backquote or conditional comment (/*!…*/) on, of which one comes before any text that matters.
// PostgreSQL's E'…' has escapes too.
class SqlTokens {
 public:
  static constexpr std::size_t longest = 1024;

  explicit SqlTokens(TextInput& input) : input_(input) {}

  const SqlToken& token() const { return token_; }  // the present one; the end before the first call of next()
  const SqlToken& next();
  // Whether the present token is `keyword`, which is passed if it is.
  bool take(std::string_view keyword);
  bool take(char symbol);

 private:
  void skip_comment();
  void skip_line();
  void read_quoted(char close, bool escapes);
  void append(char c);

  TextInput& input_;
  SqlToken token_;
  bool mysql_ = false;
};

}  // namespace proxy
