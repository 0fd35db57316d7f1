#include "proxy/import/sql_dump.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "proxy/import/sql_tokens.h"

namespace proxy {
namespace {

using Kind = SqlToken::Kind;
using Columns = std::vector<std::string>;

constexpr std::size_t most_values = 16;  // of a row; SQLgrey's have five
constexpr std::size_t longest_row = 8 * 1024;

// A value, or nullopt for NULL. `readable` becomes false for what is neither a literal nor a number.
struct Value {
  std::optional<std::string> text;
  bool readable = true;
};

// The fields of a line of COPY: its escapes undone, \N for NULL.
Value copied(std::string_view field) {
  if (field == "\\N") return {};
  std::string out;
  for (std::size_t i = 0; i < field.size(); ++i) {
    if (field[i] != '\\') {
      out += field[i];
      continue;
    }
    if (++i == field.size()) return {.text = {}, .readable = false};
    // Other escapes are of control characters, which no address of ours has.
    if (field[i] != '\\') return {.text = {}, .readable = false};
    out += '\\';
  }
  return {.text = std::move(out)};
}

class Dump {
 public:
  Dump(TextInput& input, SqlgreyRows& rows) : input_(input), tokens_(input), rows_(rows) {}

  std::expected<void, std::string> read() {
    tokens_.next();
    while (tokens_.token().kind != Kind::end && !cut_short_) statement();
    if (!any_table_) return std::unexpected("neither an SQLite file nor an SQL dump with SQLgrey's tables");
    if (cut_short_) return std::unexpected("it is cut short: it ends within a statement");
    return {};
  }

 private:
  // From its first token on; passes its end.
  void statement() {
    if (tokens_.token().is('\\')) {  // psql's own: "\restrict TOKEN", "\connect DATABASE"
      input_.line(longest_row);
      tokens_.next();
    } else if (tokens_.take("INSERT") || tokens_.take("REPLACE")) {
      insert();
    } else if (tokens_.take("COPY")) {
      copy();
    } else {
      if (tokens_.take("CREATE") && tokens_.take("TABLE")) {
        if (tokens_.take("IF")) tokens_.next(), tokens_.next();  // NOT EXISTS
        find_table();
      }
      skip_statement();
    }
  }

  void skip_statement() {
    while (!tokens_.token().is(';')) {
      if (tokens_.token().kind == Kind::end) {
        cut_short_ = true;
        return;
      }
      tokens_.next();
    }
    tokens_.next();
  }

  // The table that is named next, maybe with its schema before it.
  const SqlgreyTable* find_table() {
    std::string name = tokens_.token().value;
    while (tokens_.next().is('.')) name = tokens_.next().value;
    opted_ = name.starts_with("optin_") || name.starts_with("optout_");
    const auto* table = sqlgrey_table(name);
    any_table_ = any_table_ || table;
    return table;
  }

  // "(a, b)"; the table's own if there is none.
  Columns columns(const SqlgreyTable* table) {
    Columns names;
    if (tokens_.take('(')) {
      while (tokens_.token().kind == Kind::word || tokens_.token().kind == Kind::name) {
        if (names.size() < most_values) names.push_back(tokens_.token().value);
        tokens_.next();
        tokens_.take(',');
      }
      tokens_.take(')');
    } else if (table) {
      names.assign(table->columns.begin(), table->columns.end());
    }
    return names;
  }

  void insert() {
    while (tokens_.token().kind == Kind::word && !tokens_.token().is("INTO")) tokens_.next();  // OR REPLACE, IGNORE
    if (!tokens_.take("INTO")) return skip_statement();
    const auto* table = find_table();
    const bool opted = opted_;
    const auto names = columns(table);
    if ((!table && !opted) || !tokens_.take("VALUES")) return skip_statement();
    while (tokens_.take('(')) {
      const auto values = row_of_values();
      if (!tokens_.token().is(')')) break;
      tokens_.next();
      add(table, names, values);
      tokens_.take(',');
    }
    skip_statement();
  }

  // Up to the ')' that closes it, or the end.
  std::vector<Value> row_of_values() {
    std::vector<Value> values;
    do {
      auto one = value();
      if (values.size() < most_values) values.push_back(std::move(one));
    } while (tokens_.take(','));
    return values;
  }

  // Up to the ',' or ')' behind it. A number may be of several tokens (-1.5), a text may have a character set before it
  // (_utf8mb4'…'); an expression isn't readable.
  Value value() {
    Value value{.text = std::string()};
    bool text = false, null = false;
    for (unsigned depth = 0;; tokens_.next()) {
      const auto& token = tokens_.token();
      if (token.kind == Kind::end || (depth == 0 && (token.is(',') || token.is(')')))) break;
      if (token.is('(')) ++depth;
      if (token.is(')')) --depth;
      const bool charset = token.kind == Kind::word && token.value.starts_with('_') && value.text->empty();
      const bool sign = token.is('-') || token.is('+') || token.is('.');
      null = null || token.is("NULL");
      const bool behind_another = text || (token.kind == Kind::text && !value.text->empty());
      value.readable = value.readable && token.whole && !behind_another && token.kind != Kind::name &&
                       (token.kind != Kind::symbol || sign) && value.text->size() <= SqlTokens::longest;
      text = text || token.kind == Kind::text;
      if (value.readable && !charset) *value.text += token.value;
    }
    if (null && !text) value.text.reset();
    return value;
  }

  void copy() {
    const auto* table = find_table();
    const bool opted = opted_;
    const auto names = columns(table);
    if (!tokens_.take("FROM") || !tokens_.take("stdin")) return skip_statement();
    while (!tokens_.token().is(';') && tokens_.token().kind != Kind::end) tokens_.next();  // WITH …
    input_.line(longest_row);                                                              // the rest of this line
    for (auto line = input_.line(longest_row);; line = input_.line(longest_row)) {
      if (!line) {
        cut_short_ = true;
        return;
      }
      if (line->text == "\\.") break;
      if (table || opted) add(table, names, line_of_values(*line));
    }
    tokens_.next();
  }

  static std::vector<Value> line_of_values(const TextInput::Line& line) {
    std::vector<Value> values;
    auto rest = line.text;
    for (bool more = true; more && values.size() <= most_values;) {
      const auto tab = rest.find('\t');
      more = tab != std::string_view::npos;
      values.push_back(copied(rest.substr(0, tab)));
      rest.remove_prefix(more ? tab + 1 : rest.size());
    }
    values.back().readable = values.back().readable && line.whole;
    return values;
  }

  void add(const SqlgreyTable* table, const Columns& names, std::vector<Value> values) {
    if (!table) return rows_.opted();
    if (values.size() != names.size() || !std::ranges::all_of(values, &Value::readable)) return rows_.unreadable();
    SqlgreyRows::Row row;
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (auto* column = row.column(names[i])) *column = std::move(values[i].text);
    }
    rows_.add(*table, row);
  }

  TextInput& input_;
  SqlTokens tokens_;
  SqlgreyRows& rows_;
  bool any_table_ = false, opted_ = false, cut_short_ = false;
};

}  // namespace

std::expected<void, std::string> read_sql_dump(TextInput& input, SqlgreyRows& rows) { return Dump(input, rows).read(); }

}  // namespace proxy
