#include "proxy/import/db_dump.h"

#include <optional>

#include "greylist/ascii.h"

// db_dump(1): "VERSION=3", "format=bytevalue" or "print", more such lines, "HEADER=END"; then a line a key and a line a
// value, each behind a blank; "DATA=END". bytevalue is two hex digits an octet; print the octet itself, or \ and two
// hex digits, or \\.
namespace proxy {
namespace {

namespace ascii = greylist::ascii;

constexpr std::size_t longest_dump_line = 64 * 1024;

std::optional<char> octet(std::string_view hex) {
  if (hex.size() < 2 || !ascii::hex_digit(hex[0]) || !ascii::hex_digit(hex[1])) return {};
  const auto digit = [](char c) { return ascii::digit(c) ? c - '0' : ascii::lower(c) - 'a' + 10; };
  return static_cast<char>(digit(hex[0]) << 4 | digit(hex[1]));
}

std::optional<std::string> from_bytevalue(std::string_view text) {
  std::string out;
  for (; !text.empty(); text.remove_prefix(2)) {
    const auto c = octet(text);
    if (!c) return {};
    out += *c;
  }
  return out;
}

std::optional<std::string> from_print(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const char first = text.front();
    text.remove_prefix(1);
    if (first != '\\') {
      out += first;
    } else if (text.starts_with('\\')) {
      out += '\\';
      text.remove_prefix(1);
    } else if (const auto c = octet(text)) {
      out += *c;
      text.remove_prefix(2);
    } else {
      return {};
    }
  }
  return out;
}

using Decode = std::optional<std::string> (*)(std::string_view text);

std::unexpected<std::string> ended_early() { return std::unexpected<std::string>("it is cut short: no DATA=END"); }

// The rest of a header, "VERSION=…" being read already.
std::expected<Decode, std::string> read_header(TextInput& input) {
  Decode decode = nullptr;
  while (const auto line = input.line(longest_dump_line)) {
    if (line->text == "HEADER=END") {
      if (!decode) return std::unexpected("its header says no format");
      return decode;
    }
    if (line->text == "format=bytevalue") decode = from_bytevalue;
    if (line->text == "format=print") decode = from_print;
    if (line->text.starts_with("type=") && line->text != "type=btree" && line->text != "type=hash") {
      return std::unexpected("it is the dump of another kind of database (" + std::string(line->text.substr(0, 40)) +
                             ")");
    }
  }
  return ended_early();
}

// nullopt: DATA=END.
std::expected<std::optional<std::string>, std::string> next_item(TextInput& input, Decode decode, bool& readable) {
  const auto line = input.line(longest_dump_line);
  if (!line) return ended_early();
  if (line->text == "DATA=END") return std::nullopt;
  if (!line->text.starts_with(' ')) return std::unexpected("it is damaged: a line that doesn't begin with a blank");
  auto item = decode(line->text.substr(1));
  readable = readable && line->whole && item;
  return std::move(item).value_or("");
}

std::expected<void, std::string> read_entries(TextInput& input, Decode decode, const Entry& entry) {
  for (;;) {
    bool readable = true;
    const auto key = next_item(input, decode, readable);
    if (!key) return std::unexpected(key.error());
    if (!*key) return {};
    const auto value = next_item(input, decode, readable);
    if (!value) return std::unexpected(value.error());
    if (!*value) return std::unexpected("it is damaged: a key without a value");
    entry(readable ? std::optional(KeyValue{**key, **value}) : std::nullopt);
  }
}

}  // namespace

std::expected<void, std::string> read_db_dump(TextInput& input, const Entry& entry) {
  bool any = false;
  while (const auto line = input.line(longest_dump_line)) {
    if (any && line->text.empty()) continue;
    if (!line->text.starts_with("VERSION=")) return std::unexpected("it is not what db_dump writes");
    const auto decode = read_header(input);
    if (!decode) return std::unexpected(decode.error());
    if (auto read = read_entries(input, *decode, entry); !read) return read;
    any = true;
  }
  if (!any) return std::unexpected("it is empty");
  return {};
}

}  // namespace proxy
