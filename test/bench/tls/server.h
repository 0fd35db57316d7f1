#pragma once
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "test/bench/tls/certificate.h"

namespace bench {

// The program's first argument that makes it a responder: port, certificate and key follow.
inline constexpr const char* respond_option = "--respond";

// A child process that serves one port of 127.0.0.1; ended with its object.
class Server {
 public:
  // `program` is greygate's path. Its configuration, store and log are in `directory`.
  static Server greygate(const std::string& program, const std::string& directory, const Certificate& certificate);
  // This very program, asked to respond().
  static Server responder(const Certificate& certificate);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port() const { return port_; }
  double cpu_seconds() const;      // used until now, in user and kernel mode; to 1/100 s
  double anonymous_bytes() const;  // memory that is its own

 private:
  Server(std::uint16_t port, std::vector<std::string> command, const std::string& log);
  void await_listening(const std::string& log) const;

  const std::uint16_t port_;
  pid_t process_;
};

}  // namespace bench
