#include "proxy/commands/admin_client.h"

#include <httplib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;

constexpr int ok = 200, bad_request = 400;
// Whoever forgets ten million entries waits for one answer.
constexpr std::chrono::hours patience{24};

class Client : public httplib::ClientImpl {
 public:
  explicit Client(const std::string& socket) : ClientImpl(socket) {
    set_address_family(AF_UNIX);
    set_default_headers({{"Host", "localhost"}});
    set_url_encode(false);  // append_query_params() has
    set_read_timeout(patience);
    set_write_timeout(patience);
  }
};

std::string target(const std::string& path, const AdminClient::Query& query) {
  if (query.empty()) return path;
  return httplib::append_query_params(path, httplib::Params(query.begin(), query.end()));
}

// errno of connecting.
int connect_error(const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  socket.copy(address.sun_path, socket.size());
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return errno;
  const int error = ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  ::close(descriptor);
  return error;
}

AdminFailure unanswered(const std::string& socket, httplib::Error error) {
  if (error != httplib::Error::Connection) return {"the proxy broke off, or ended: " + socket};
  const int reason = connect_error(socket);
  const bool absent = reason == ENOENT || reason == ECONNREFUSED || reason == ENOTDIR;
  return {(absent ? "no proxy is running: " : "the proxy can't be asked: ") + socket + ": " + std::strerror(reason)};
}

AdminFailure failure(int code, const std::string& body) {
  const auto json = Json::parse(body, nullptr, false);
  const auto error = json.is_object() ? json.find("error") : json.end();
  const bool told = error != json.end() && error->is_string();
  return {told ? error->get<std::string>() : "the proxy answered " + std::to_string(code), code == bad_request};
}

std::expected<Json, AdminFailure> answer(int code, const std::string& body) {
  if (code != ok) return std::unexpected(failure(code, body));
  auto json = Json::parse(body, nullptr, false);
  if (!json.is_object()) return std::unexpected(AdminFailure{"the proxy's answer isn't a JSON object"});
  return json;
}

// Cuts octets as they come into lines.
class Lines {
 public:
  explicit Lines(const std::function<bool(std::string_view)>& take) : take_(take) {}

  bool add(std::string_view octets) {
    for (auto end = octets.find('\n'); end != octets.npos; end = octets.find('\n')) {
      unfinished_.append(octets.substr(0, end));
      octets.remove_prefix(end + 1);
      if (!take_(std::exchange(unfinished_, {}))) return false;
    }
    unfinished_ += octets;
    return true;
  }

 private:
  const std::function<bool(std::string_view)>& take_;
  std::string unfinished_;
};

}  // namespace

std::expected<Json, AdminFailure> AdminClient::ask(const std::string& method, const std::string& path,
                                                   const Query& query) const {
  Client client(socket_);
  httplib::Request request;
  request.method = method;
  request.path = target(path, query);
  const auto result = client.send(request);
  if (!result) return std::unexpected(unanswered(socket_, result.error()));
  return answer(result->status, result->body);
}

std::expected<void, AdminFailure> AdminClient::lines(const std::string& path, const Query& query,
                                                     const std::function<bool(std::string_view)>& take) const {
  Client client(socket_);
  int code = 0;
  std::string refusal;
  bool enough = false;
  Lines lines(take);
  const auto result = client.Get(
      target(path, query),
      [&](const httplib::Response& response) {
        code = response.status;
        return true;
      },
      [&](const char* octets, std::size_t size) {
        if (code == ok) return !(enough = !lines.add({octets, size}));
        refusal.append(octets, size);
        return true;
      });
  if (enough) return {};
  if (!result) return std::unexpected(unanswered(socket_, result.error()));
  if (code != ok) return std::unexpected(failure(code, refusal));
  return {};
}

std::expected<Json, AdminFailure> AdminClient::send(const std::string& path, const Source& source) const {
  Client client(socket_);
  std::optional<std::string> broken;
  const auto result = client.Post(
      path,
      [&](std::size_t, httplib::DataSink& sink) {
        const auto sent =
            source([&](std::string_view octets) { return octets.empty() || sink.write(octets.data(), octets.size()); });
        if (!sent) broken = sent.error();
        if (sent) sink.done();
        return sent.has_value();
      },
      "application/jsonl");
  if (broken) return std::unexpected(AdminFailure{*broken});
  if (!result) return std::unexpected(unanswered(socket_, result.error()));
  return answer(result->status, result->body);
}

}  // namespace proxy
