#pragma once
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace proxy {

struct AdminRequest {
  std::string method, path;                  // "GET", "/entries"
  std::map<std::string, std::string> query;  // decoded; a name without a value has an empty one
  std::string body;                          // of a request that isn't an upload
};

struct AdminAnswer {
  int code = 200;
  std::string content_type = "application/json";
  std::string body;
  // Instead of a body: called for piece after piece until an empty one; an exception cuts the answer off, so that the
  // client can tell.
  std::function<std::string()> pieces;
};

// A request body without bound, taken as it comes.
class AdminUpload {
 public:
  virtual ~AdminUpload() = default;
  virtual void take(std::string_view octets) = 0;
  virtual AdminAnswer finish() = 0;  // all has been taken
};

// Who answers. Called on threads of the server's, several at a time; calls may take long.
class AdminPages {
 public:
  virtual ~AdminPages() = default;
  virtual AdminAnswer answer(const AdminRequest& request) = 0;
  // Null: no upload; the body is read whole, up to 64 KiB, and answer() is asked.
  virtual std::unique_ptr<AdminUpload> upload(const AdminRequest& request) = 0;
};

// HTTP on a Unix socket of mode 0600 (libmicrohttpd), a thread for each of a few connections: whoever asks for much
// waits for it alone, and neither mail nor the status waits for him.
class AdminServer {
 public:
  // Makes missing directories. A socket that nobody answers on is what a killed process left, and is replaced. The
  // error says why not.
  static std::expected<std::unique_ptr<AdminServer>, std::string> start(const std::string& path, AdminPages& pages);
  ~AdminServer();  // ends what is under way, and removes the socket

 private:
  struct Daemon;
  explicit AdminServer(std::unique_ptr<Daemon> daemon);
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace proxy
