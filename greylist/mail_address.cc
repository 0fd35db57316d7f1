#include "mail_address.h"

#include <algorithm>
#include <optional>

#include "ascii.h"

namespace greylist {
namespace {

bool plain_character(char c) {
  return ascii::alphanumeric(c) || ascii::beyond(c) || std::string_view(".!#$%&'*+-/=?^_`{|}~").contains(c);
}

std::optional<std::string> content_of_quoted(std::string_view local) {
  if (local.size() < 2 || local.front() != '"' || local.back() != '"') return {};
  local = local.substr(1, local.size() - 2);
  std::string content;
  content.reserve(local.size());
  for (std::size_t i = 0; i < local.size(); ++i) {
    if (local[i] == '"') return {};
    if (local[i] == '\\') ++i;
    if (i == local.size()) return {};  // the closing quote was an escaped one
    content += local[i];
  }
  return content;
}

std::string quoted(std::string_view content) {
  std::string out = "\"";
  for (const char c : content) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out += '"';
}

}  // namespace

AddressParts split_address(std::string_view address) {
  auto at = std::string_view::npos;
  bool in_quotes = false;
  for (std::size_t i = 0; i < address.size(); ++i) {
    if (address[i] == '"') in_quotes = !in_quotes;
    if (address[i] == '\\' && in_quotes) ++i;
    if (i < address.size() && address[i] == '@' && !in_quotes) at = i;
  }
  if (in_quotes) at = address.rfind('@');  // never closed: the quotes mean nothing
  if (at == std::string_view::npos) return {address, {}, false};
  return {address.substr(0, at), address.substr(at + 1), true};
}

bool is_plain(std::string_view local) { return !local.empty() && std::ranges::all_of(local, plain_character); }

std::string unquoted(std::string_view local) {
  auto content = content_of_quoted(local);
  return content ? std::move(*content) : std::string(local);
}

std::string canonical_local_part(std::string_view local) {
  const auto content = content_of_quoted(local);
  if (!content) return std::string(local);
  return is_plain(*content) ? *content : quoted(*content);
}

bool is_bare_postmaster(const AddressParts& address) {
  return !address.has_domain && ascii::equal_ignoring_case(unquoted(address.local), "postmaster");
}

}  // namespace greylist
