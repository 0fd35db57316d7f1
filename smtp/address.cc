#include "address.h"

#include <algorithm>

#include "characters.h"
#include "utf8.h"

namespace smtp {

std::string_view Address::domain() const {
  return has_domain() ? std::string_view(text_).substr(at_ + 1) : std::string_view();
}

std::string Address::unquoted_local_part() const {
  const auto quoted = local_part();
  std::string plain;
  plain.reserve(quoted.size());
  for (std::size_t i = 0; i < quoted.size(); ++i) {
    if (quoted[i] == '"') continue;
    if (quoted[i] == '\\' && i + 1 < quoted.size()) ++i;
    plain += quoted[i];
  }
  return plain;
}

bool Address::ascii() const { return std::ranges::all_of(text_, is_ascii); }

bool Address::bare_postmaster() const { return !has_domain() && same_word(unquoted_local_part(), "postmaster"); }

bool Address::unsafe_recipient() const {
  if (domain().starts_with('[')) return true;
  const auto local = unquoted_local_part();
  const auto routes = [](char c) { return c == '@' || c == '%' || c == '!' || is_control(c); };
  return local.starts_with('/') || std::ranges::any_of(local, routes) || !valid_utf8(local);
}

}  // namespace smtp
