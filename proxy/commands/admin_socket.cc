#include "proxy/commands/admin_socket.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "proxy/config/settings.h"

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;

// What stands behind the first "socket": in a text that isn't JSON. No other key has that name.
std::optional<std::string> found_in(std::string_view text) {
  constexpr std::string_view key = "\"socket\"", blanks = " \t\r\n";
  const auto skip = [&](std::string_view characters) {
    const auto start = text.find_first_not_of(characters);
    text.remove_prefix(std::min(start, text.size()));
  };
  const auto at = text.find(key);
  if (at == text.npos) return std::nullopt;
  text.remove_prefix(at + key.size());
  skip(blanks);
  if (!text.starts_with(':')) return std::nullopt;
  text.remove_prefix(1);
  skip(blanks);
  if (!text.starts_with('"')) return std::nullopt;
  return std::string(text.substr(1, text.find_first_of("\"\r\n", 1) - 1));
}

}  // namespace

std::expected<std::string, std::string> admin_socket(const std::string& config) {
  const std::string by_default = Settings().admin_socket;
  const auto wrong = [&](const std::string& what) { return std::unexpected(config + ": " + what); };
  errno = 0;
  std::ifstream file(config, std::ios::binary);
  if (!file && errno == ENOENT && config == default_config) return by_default;
  if (!file || (file.peek(), file.bad())) return wrong(std::strerror(errno));
  const std::string text(std::istreambuf_iterator<char>(file), {});

  Json socket;
  if (const auto json = Json::parse(text, nullptr, false, true); !json.is_discarded())
    socket = json.is_object() ? json.value(Json::json_pointer("/admin/socket"), Json()) : Json();
  else if (const auto found = found_in(text))
    socket = *found;
  else
    return wrong("admin.socket: can't be told, the file isn't JSON");  // whose default may be another proxy's
  if (socket.is_null()) return by_default;
  if (!socket.is_string() || socket.get_ref<const std::string&>().empty())
    return wrong("admin.socket: expected a path");
  return (std::filesystem::absolute(config).parent_path() / socket.get<std::string>()).string();
}

}  // namespace proxy
