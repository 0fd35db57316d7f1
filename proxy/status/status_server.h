#pragma once
#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proxy {

struct HttpAnswer {
  int code = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // more of them, by name
};

// A read-only HTTP server on a thread of its own (libmicrohttpd), so that it answers under load and under abuse: limits
// on memory, connections and time a connection; when too many connections are open, the oldest make room. GET and HEAD
// alone (405); what `answer` has no page for is its 404.
class StatusServer {
 public:
  // `answer` is called on the server's thread with the path ("/status"), without the query.
  using Answer = std::function<HttpAnswer(std::string_view path)>;
  // Binds "127.0.0.1:8025" or "[::1]:8025"; port 0: any that is free. A connection on which nothing comes for `idle` is
  // closed. The error says why not.
  static std::expected<std::unique_ptr<StatusServer>, std::string> start(
      const std::string& address, Answer answer, std::chrono::seconds idle = std::chrono::seconds(5));
  ~StatusServer();  // answers no more

  std::string address() const;  // as bound: "127.0.0.1:8025"

 private:
  struct Daemon;
  explicit StatusServer(std::unique_ptr<Daemon> daemon);
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace proxy
