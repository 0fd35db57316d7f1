#include "proxy/import/sqlite_file.h"

#include <sqlite3.h>

#include <memory>

namespace proxy {
namespace {

using Database = std::unique_ptr<sqlite3, int (*)(sqlite3*)>;
using Statement = std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)>;

constexpr int patience_ms = 10'000;   // for a lock that SQLgrey holds
constexpr int longest_value = 65536;  // in octets

std::unexpected<std::string> failure(const Database& database) {
  return std::unexpected(std::string("SQLite: ") + sqlite3_errmsg(database.get()));
}

std::expected<Database, std::string> open(const std::string& path) {
  sqlite3* opened = nullptr;
  const int rc = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(opened, sqlite3_close);
  if (!opened) return std::unexpected("SQLite: out of memory");
  if (rc != SQLITE_OK) return failure(database);
  // A file from elsewhere is data: none of its views and triggers calls functions.
  sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_limit(opened, SQLITE_LIMIT_LENGTH, longest_value);
  sqlite3_busy_timeout(opened, patience_ms);
  return database;
}

std::expected<Statement, std::string> prepare(const Database& database, const std::string& sql) {
  sqlite3_stmt* prepared = nullptr;
  const int rc = sqlite3_prepare_v2(database.get(), sql.c_str(), -1, &prepared, nullptr);
  Statement statement(prepared, sqlite3_finalize);
  if (rc != SQLITE_OK) return failure(database);
  return statement;
}

// Whether there is a row.
std::expected<bool, std::string> step(const Database& database, const Statement& statement) {
  const int rc = sqlite3_step(statement.get());
  if (rc != SQLITE_ROW && rc != SQLITE_DONE) return failure(database);
  return rc == SQLITE_ROW;
}

std::expected<bool, std::string> has_table(const Database& database, std::string_view name) {
  const auto found =
      prepare(database, "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = '" + std::string(name) + "'");
  if (!found) return std::unexpected(found.error());
  return step(database, *found);
}

std::string select_from(const SqlgreyTable& table) {
  std::string sql;
  for (const auto column : table.columns) sql.append(sql.empty() ? "SELECT " : ", ").append(column);
  return sql.append(" FROM \"").append(table.name).append("\"");
}

std::optional<std::string> text_of(const Statement& statement, int column) {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement.get(), column));
  if (!text) return {};
  return std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement.get(), column)));
}

std::expected<void, std::string> read_table(const Database& database, const SqlgreyTable& table, SqlgreyRows& rows) {
  const auto selected = prepare(database, select_from(table));
  if (!selected) return std::unexpected(selected.error());
  for (;;) {
    const auto more = step(database, *selected);
    if (!more) return std::unexpected(more.error());
    if (!*more) return {};
    SqlgreyRows::Row row;
    for (std::size_t i = 0; i < table.columns.size(); ++i) {
      *row.column(table.columns[i]) = text_of(*selected, static_cast<int>(i));
    }
    rows.add(table, row);
  }
}

}  // namespace

std::expected<void, std::string> read_sqlite_file(const std::string& path, SqlgreyRows& rows) {
  const auto database = open(path);
  if (!database) return std::unexpected(database.error());
  bool any = false;
  for (const auto& table : sqlgrey_tables()) {
    const auto there = has_table(*database, table.name);
    if (!there) return std::unexpected(there.error());
    if (!*there) continue;
    any = true;
    if (auto read = read_table(*database, table, rows); !read) return read;
  }
  if (!any) return std::unexpected("it has none of SQLgrey's tables");
  return {};
}

}  // namespace proxy
