#include "greylist_reply.h"

#include <algorithm>
#include <optional>

#include "ascii.h"

namespace greylist {
namespace {

constexpr std::string_view see_url = ", see {url}";

// The name in the braces that `text` begins with; nullopt: they are never closed.
std::optional<std::string_view> placeholder(std::string_view text) {
  const auto end = text.find_first_of("{}", 1);
  if (end == std::string_view::npos || text[end] != '}') return {};
  return text.substr(1, end - 1);
}

std::optional<std::string_view> value_of(std::string_view name, const ReplyTemplate& reply, const ReplyValues& values) {
  if (name == "url") return reply.url;
  if (name == "sender") return values.sender;
  if (name == "recipient") return values.recipient;
  if (name == "protocol") return values.protocol;
  if (name == "helo") return values.helo;
  return {};
}

}  // namespace

std::expected<void, std::string> check(const ReplyTemplate& reply) {
  if (std::ranges::any_of(reply.text, ascii::control)) return std::unexpected("control character in the text");
  if (std::ranges::any_of(reply.url, ascii::control)) return std::unexpected("control character in the url");
  const std::string_view text = reply.text;
  for (auto brace = text.find('{'); brace != std::string_view::npos; brace = text.find('{', brace + 1)) {
    const auto name = placeholder(text.substr(brace));
    if (!name) return std::unexpected("\"{\" without \"}\"");
    if (!value_of(*name, reply, {})) {
      return std::unexpected("unknown placeholder {" + std::string(*name) +
                             "}; there are {url} {sender} {recipient} {protocol} {helo}");
    }
  }
  return {};
}

std::string expand(const ReplyTemplate& reply, const ReplyValues& values) {
  std::string out;
  for (std::string_view rest = reply.text; !rest.empty();) {
    if (reply.url.empty() && rest.starts_with(see_url)) {
      rest.remove_prefix(see_url.size());
      continue;
    }
    if (const auto name = rest.front() == '{' ? placeholder(rest) : std::nullopt) {
      if (const auto value = value_of(*name, reply, values)) {
        out += *value;
        rest.remove_prefix(name->size() + 2);
        continue;
      }
    }
    const auto plain = std::min(rest.find_first_of("{,", 1), rest.size());
    out += rest.substr(0, plain);
    rest.remove_prefix(plain);
  }
  return out;
}

}  // namespace greylist
