#pragma once
#include <expected>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace proxy {

struct AdminFailure {
  std::string what;
  bool wrong_question = false;  // the proxy can't make sense of it: it was put wrongly
};

// Asks a running proxy over its admin socket (proxy/admin/admin_api.h). It waits for an answer as long as that takes.
class AdminClient {
 public:
  using Query = std::map<std::string, std::string>;
  explicit AdminClient(std::string socket) : socket_(std::move(socket)) {}

  // The answer, one JSON object.
  std::expected<nlohmann::ordered_json, AdminFailure> ask(const std::string& method, const std::string& path,
                                                          const Query& query = {}) const;

  // Gives the lines of an answer, without their line feeds, as they come. Taking ends when `take` says false.
  std::expected<void, AdminFailure> lines(const std::string& path, const Query& query,
                                          const std::function<bool(std::string_view line)>& take) const;

  // Sends what `source` writes, as it does. `write` says false once the proxy doesn't listen any more. An error of the
  // source's breaks off.
  using Write = std::function<bool(std::string_view octets)>;
  using Source = std::function<std::expected<void, std::string>(const Write& write)>;
  std::expected<nlohmann::ordered_json, AdminFailure> send(const std::string& path, const Source& source) const;

 private:
  std::string socket_;
};

}  // namespace proxy
