#include "lists/postgrey_line.h"

namespace greylist::postgrey {
namespace {

constexpr std::string_view blanks = " \t\r\n\v\f";

}  // namespace

std::string_view entry_of(std::string_view line) {
  line = line.substr(0, line.find('#'));
  const auto first = line.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(blanks) - first + 1);
}

std::optional<std::expected<Regexp, std::string>> regexp_of(std::string_view entry) {
  if (!entry.starts_with('/')) return {};
  if (entry.size() < 3 || !entry.ends_with('/') || entry.find_first_of(blanks) != std::string_view::npos) {
    return std::unexpected("a regular expression is written /regexp/, without blanks or '#'");
  }
  auto regexp = Regexp::compile(entry.substr(1, entry.size() - 2));
  if (!regexp) return std::unexpected("regular expression " + std::string(entry) + ": " + regexp.error());
  return regexp;
}

}  // namespace greylist::postgrey
