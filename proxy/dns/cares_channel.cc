#include "proxy/dns/cares_channel.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <asio/posix/stream_descriptor.hpp>
#include <utility>

#include "proxy/dns/read_answer.h"

namespace proxy {
namespace {

using std::chrono::milliseconds;

// c-ares doubles its patience with every try: 1 + 2 + 4 sevenths of the whole. A lost packet, or a first server that is
// dead, then leaves time for more.
constexpr int tries = 3;
constexpr int patience_shares = 7;
constexpr int receive_buffer =
    512 * 1024;  // octets; the system's default overflows on the answers of some 190 clients at once

DnsAnswer read_addresses(const ares_addrinfo& found) {
  DnsAnswer answer{.outcome = DnsAnswer::Outcome::found, .error = {}};
  for (auto node = found.nodes; node; node = node->ai_next) {
    if (node->ai_family == AF_INET)
      answer.addresses.push_back(dns_address(AF_INET, &reinterpret_cast<sockaddr_in*>(node->ai_addr)->sin_addr));
    if (node->ai_family == AF_INET6)
      answer.addresses.push_back(dns_address(AF_INET6, &reinterpret_cast<sockaddr_in6*>(node->ai_addr)->sin6_addr));
  }
  return answer;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

}  // namespace

// What c-ares keeps of a question, and gives back with its answer.
struct CaresChannel::Question {
  CaresChannel& channel;
  DnsType type;
  Done done;
};

// One of c-ares' sockets: watched by us, closed by c-ares. Waits hold on to the object, not to the descriptor's number,
// which may be another socket's by the time they end.
struct CaresChannel::Socket {
  asio::posix::stream_descriptor descriptor;
  std::array<bool, 2> wanted{}, awaited{};
};

std::shared_ptr<CaresChannel> CaresChannel::open(asio::io_context& loop, const ResolverOptions& options) {
  std::shared_ptr<CaresChannel> channel(new CaresChannel(loop, options.timeout));
  channel->initialise(options.servers);
  return channel;
}

CaresChannel::CaresChannel(asio::io_context& loop, milliseconds timeout)
    : loop_(loop), timeout_(timeout), timer_(loop) {}

CaresChannel::~CaresChannel() { close(); }

milliseconds CaresChannel::first_try() const { return std::max(timeout_ / patience_shares, milliseconds(10)); }

void CaresChannel::initialise(const std::vector<std::string>& servers) {
  char from_dns[] = "b";  // the hosts file is asked by in_hosts_file() alone
  ares_options options{};
  options.timeout = static_cast<int>(first_try().count());
  options.tries = tries;
  options.socket_receive_buffer_size = receive_buffer;
  options.lookups = from_dns;
  options.sock_state_cb_data = this;
  options.sock_state_cb = [](void* self, ares_socket_t socket, int read, int write) {
    static_cast<CaresChannel*>(self)->on_socket_state(socket, read != 0, write != 0);
  };
  // Without ARES_FLAG_NOCHECKRESP, so that where one server fails or refuses the next one is asked.
  const int mask =
      ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_RCVBUF | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
  int status = ares_init_options(&channel_, &options, mask);
  if (status != ARES_SUCCESS) channel_ = nullptr;
  if (status == ARES_SUCCESS && !servers.empty())
    status = ares_set_servers_ports_csv(channel_, joined(servers).c_str());
  if (status == ARES_SUCCESS) return;
  close();
  fault_ = "name servers \"" + joined(servers) + "\": " + ares_strerror(status);
}

void CaresChannel::close() {
  if (auto* channel = std::exchange(channel_, nullptr)) ares_destroy(channel);  // answers all that are under way
  timer_.cancel();
}

void CaresChannel::ask(const std::string& name, DnsType type, Done done) {
  if (!channel_) return done({.outcome = DnsAnswer::Outcome::failed, .error = fault_});
  ++under_way_;
  const auto on_answer = [](void* kept, int status, int, unsigned char* message, int size) {
    std::unique_ptr<Question> question(static_cast<Question*>(kept));
    auto answer = read_answer(question->type, status, message, size);
    question->channel.answered(std::move(question), std::move(answer));
  };
  ares_query(channel_, name.c_str(), ns_c_in, number_of(type), on_answer, new Question{*this, type, std::move(done)});
  if (under_way_ > 0) wake_in(first_try());
}

void CaresChannel::resolve_host(const std::string& host, Family family, Done done) {
  if (!channel_) return done({.outcome = DnsAnswer::Outcome::failed, .error = fault_});
  ++under_way_;
  const auto on_answer = [](void* kept, int status, int, ares_addrinfo* found) {
    std::unique_ptr<Question> question(static_cast<Question*>(kept));
    auto answer = status == ARES_SUCCESS ? read_addresses(*found) : dns_failure(status);
    ares_freeaddrinfo(found);
    question->channel.answered(std::move(question), std::move(answer));
  };
  ares_addrinfo_hints hints{};
  hints.ai_family = family == Family::ipv4 ? AF_INET : AF_INET6;
  hints.ai_flags = ARES_AI_NOSORT;
  ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, on_answer, new Question{*this, {}, std::move(done)});
  if (under_way_ > 0) wake_in(first_try());
}

std::vector<asio::ip::address> CaresChannel::in_hosts_file(const std::string& host) const {
  std::vector<asio::ip::address> addresses;
  if (!channel_) return addresses;
  for (const int family : {AF_INET, AF_INET6}) {
    hostent* found = nullptr;
    if (ares_gethostbyname_file(channel_, host.c_str(), family, &found) != ARES_SUCCESS) continue;
    for (const auto& address : dns_addresses(*found)) addresses.push_back(address);
    ares_free_hostent(found);
  }
  return addresses;
}

void CaresChannel::answered(std::unique_ptr<Question> question, DnsAnswer answer) {
  --under_way_;
  question->done(std::move(answer));
}

void CaresChannel::on_socket_state(int descriptor, bool read, bool write) {
  if (!read && !write) {
    if (const auto let_go = sockets_.extract(descriptor)) let_go.mapped()->descriptor.release();
    return;
  }
  auto& socket = sockets_[descriptor];
  if (!socket) {
    socket = std::make_shared<Socket>(asio::posix::stream_descriptor(loop_));
    asio::error_code error;
    socket->descriptor.assign(descriptor, error);
    if (error) {  // the question will time out
      sockets_.erase(descriptor);
      return;
    }
  }
  socket->wanted = {read, write};
  const auto watched = socket;
  watch(watched, readable);
  watch(watched, writable);
}

void CaresChannel::watch(const std::shared_ptr<Socket>& socket, Side side) {
  if (!socket->descriptor.is_open() || !socket->wanted[side] || socket->awaited[side]) return;
  socket->awaited[side] = true;
  const auto wait =
      side == readable ? asio::posix::descriptor_base::wait_read : asio::posix::descriptor_base::wait_write;
  socket->descriptor.async_wait(wait, [weak = weak_from_this(), socket, side](const asio::error_code& error) {
    socket->awaited[side] = false;
    const auto self = weak.lock();
    if (error || !self || !socket->descriptor.is_open()) return;
    const int descriptor = socket->descriptor.native_handle();
    if (socket->wanted[side])
      self->process(side == readable ? descriptor : ARES_SOCKET_BAD, side == writable ? descriptor : ARES_SOCKET_BAD);
    self->watch(socket, side);
  });
}

void CaresChannel::process(int readable_descriptor, int writable_descriptor) {
  if (!channel_) return;
  ares_process_fd(channel_, readable_descriptor, writable_descriptor);
  if (under_way_ == 0) {
    timer_.cancel();
    timer_set_ = false;
    return;
  }
  if (timer_set_) return;  // early is harmless, and asking c-ares walks through every question under way
  timeval next{};
  if (ares_timeout(channel_, nullptr, &next))
    wake_in(std::chrono::seconds(next.tv_sec) + milliseconds(next.tv_usec / 1'000 + 1));
}

void CaresChannel::wake_in(milliseconds time) {
  const auto when = std::chrono::steady_clock::now() + time;
  if (timer_set_ && timer_.expiry() <= when) return;
  timer_set_ = true;
  timer_.expires_at(when);
  timer_.async_wait([weak = weak_from_this()](const asio::error_code& error) {
    const auto self = weak.lock();
    if (error || !self) return;
    self->timer_set_ = false;
    self->process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  });
}

}  // namespace proxy
