#include "test/bench/tls/server.h"

#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace bench {

namespace {

using namespace std::chrono_literals;

sockaddr_in loopback(std::uint16_t port) {
  return {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
}

int bound_socket() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(0);
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("no port to be had");
  return socket;
}

std::uint16_t port_of(int socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

// Free a moment ago.
std::uint16_t free_port() {
  const int socket = bound_socket();
  const auto port = port_of(socket);
  ::close(socket);
  return port;
}

// Bound and never listening: nobody else gets the port, and every connection to it is refused at once.
std::string deaf_address() {
  static const auto port = port_of(bound_socket());
  return "127.0.0.1:" + std::to_string(port);
}

std::string configuration(std::uint16_t port, const std::string& directory, const Certificate& certificate) {
  std::ostringstream json;
  json << R"({"hostname": "mx.example.org", "threads": 1, "domains": ["example.org"],)"
       << R"("listen": [{"address": "127.0.0.1:)" << port << R"("}], "backend": {"addresses": [")" << deaf_address()
       << R"("]}, "tls": {"certificates": [{"certificate": ")" << certificate.certificate << R"(", "key": ")"
       << certificate.key << R"("}]}, "store": {"path": ")" << directory << R"(/store"}, "dns": {"enabled": false},)"
       << R"("limits": {"connections": 100000, "connections_per_client": 100000}, "allow": {"recipients": []},)"
       << R"("status": {"address": "127.0.0.1:)" << free_port() << R"("}, "admin": {"socket": ")" << directory
       << R"(/admin.sock"}})";
  return json.str();
}

}  // namespace

Server Server::greygate(const std::string& program, const std::string& directory, const Certificate& certificate) {
  const auto port = free_port();
  const auto file = directory + "/greygate.json", log = directory + "/log";
  std::filesystem::remove_all(directory + "/store");
  std::ofstream(file) << configuration(port, directory, certificate);
  return {port, {program, "serve", "--config", file}, log};
}

Server Server::responder(const Certificate& certificate) {
  const auto port = free_port();
  return {port, {"/proc/self/exe", respond_option, std::to_string(port), certificate.certificate, certificate.key}, {}};
}

// A new program, not merely a fork: memory that this process has used would be counted, or be used again uncounted.
Server::Server(std::uint16_t port, std::vector<std::string> command, const std::string& log)
    : port_(port), process_(::fork()) {
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::vector<char*> arguments;
    arguments.reserve(command.size() + 1);
    for (auto& word : command) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    if (log.empty() || std::freopen(log.c_str(), "w", stderr)) ::execv(arguments[0], arguments.data());
    ::_exit(1);
  }
  await_listening(log);
}

Server::~Server() {
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

void Server::await_listening(const std::string& log) const {
  const auto address = loopback(port_);
  for (const auto deadline = std::chrono::steady_clock::now() + 30s; std::chrono::steady_clock::now() < deadline;) {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool connected = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(socket);
    if (connected) return;
    if (::waitpid(process_, nullptr, WNOHANG) != 0) break;
    std::this_thread::sleep_for(20ms);
  }
  std::ostringstream said;
  said << "a server didn't start\n" << std::ifstream(log).rdbuf();
  throw std::runtime_error(said.str());
}

double Server::cpu_seconds() const {
  std::ifstream file("/proc/" + std::to_string(process_) + "/stat");
  std::string text;
  std::getline(file, text);
  // proc(5): utime and stime are fields 14 and 15; the second, a name in brackets, may have blanks in it.
  std::istringstream fields(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0, kernel = 0;
  fields >> user >> kernel;
  return (user + kernel) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double Server::anonymous_bytes() const {
  std::ifstream file("/proc/" + std::to_string(process_) + "/status");
  for (std::string name; file >> name;) {
    double kilobytes = 0;
    if (name == "RssAnon:" && file >> kilobytes) return kilobytes * 1024;
  }
  throw std::runtime_error("the kernel doesn't tell a process' memory");
}

}  // namespace bench
