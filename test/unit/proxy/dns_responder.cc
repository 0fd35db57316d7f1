#include "test/unit/proxy/dns_responder.h"

#include <array>
#include <asio/buffer.hpp>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/read.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/write.hpp>
#include <optional>
#include <utility>

namespace proxy {
namespace {

constexpr std::uint16_t a = 1, cname = 5, ptr = 12, aaaa = 28;  // RFC 1035 §3.2.2, RFC 3596 §2.1
constexpr std::size_t header_size = 12;                         // RFC 1035 §4.1.1

std::string wire16(unsigned number) { return {static_cast<char>(number >> 8), static_cast<char>(number & 0xff)}; }

std::string wire_name(std::string_view name) {
  std::string wire;
  while (!name.empty()) {
    const auto label = name.substr(0, name.find('.'));
    wire += static_cast<char>(label.size());
    wire += label;
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  return wire + '\0';
}

std::string lower(std::string text) {
  for (auto& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

std::string wire_record(std::string_view owner, std::uint16_t type, std::string_view content) {
  const std::string in_class_a_minute = wire16(1) + wire16(0) + wire16(60);
  return wire_name(owner) + wire16(type) + in_class_a_minute + wire16(static_cast<unsigned>(content.size())) +
         std::string(content);
}

struct Question {
  std::string name;
  std::uint16_t type;
  std::string_view wire;
};

std::optional<Question> read_question(std::string_view message) {
  std::string name;
  std::size_t at = header_size;
  for (; at < message.size() && message[at] != 0; at += static_cast<std::size_t>(message[at]) + 1)
    name += (name.empty() ? "" : ".") + std::string(message.substr(at + 1, static_cast<std::size_t>(message[at])));
  if (at + 5 > message.size()) return {};
  const auto type = static_cast<std::uint16_t>(static_cast<unsigned char>(message[at + 2]));
  return Question{lower(name), type, message.substr(header_size, at + 5 - header_size)};
}

}  // namespace

DnsResponder::DnsResponder(asio::io_context& loop)
    : udp_(loop, {asio::ip::address_v4::loopback(), 0}), tcp_(loop, {asio::ip::address_v4::loopback(), 0}) {
  // Both need the same number: let TCP choose, and try again where UDP's is taken.
  for (asio::error_code taken;;) {
    udp_ = asio::ip::udp::socket(loop, asio::ip::udp::v4());
    udp_.bind({asio::ip::address_v4::loopback(), tcp_.local_endpoint().port()}, taken);
    if (!taken) break;
    tcp_ = asio::ip::tcp::acceptor(loop, {asio::ip::address_v4::loopback(), 0});
  }
  udp_.set_option(asio::socket_base::receive_buffer_size(1 << 20));  // lest a burst of questions be dropped
  asio::co_spawn(loop, serve_udp(), asio::detached);
  asio::co_spawn(loop, serve_tcp(), asio::detached);
}

std::string DnsResponder::address() const { return "127.0.0.1:" + std::to_string(udp_.local_endpoint().port()); }

void DnsResponder::pointer(std::string_view name, std::string_view target) {
  records_.emplace(name, Record{ptr, wire_name(target)});
}

void DnsResponder::ipv4(std::string_view name, std::string_view address) {
  const auto bytes = asio::ip::make_address_v4(address).to_bytes();
  records_.emplace(name, Record{a, std::string(bytes.begin(), bytes.end())});
}

void DnsResponder::ipv6(std::string_view name, std::string_view address) {
  const auto bytes = asio::ip::make_address_v6(address).to_bytes();
  records_.emplace(name, Record{aaaa, std::string(bytes.begin(), bytes.end())});
}

void DnsResponder::alias(std::string_view name, std::string_view target) {
  records_.emplace(name, Record{cname, wire_name(target)});
}

void DnsResponder::fault(std::string_view name, Fault fault, std::uint16_t type) {
  faults_[{std::string(name), type}] = fault;
}

std::vector<std::string> DnsResponder::records_for(const std::string& name, std::uint16_t type) const {
  std::vector<std::string> found;
  const auto [first, last] = records_.equal_range(name);
  for (auto at = first; at != last; ++at) {
    const auto& [owner, record] = *at;
    if (record.type == type || record.type == cname) found.push_back(wire_record(owner, record.type, record.content));
    if (record.type != cname || type == cname) continue;
    const auto target = read_question(std::string(header_size, '\0') + record.content + std::string(4, '\0'));
    for (auto& more : records_for(target->name, type)) found.push_back(std::move(more));
  }
  return found;
}

std::string DnsResponder::answer(std::string_view message, bool over_tcp) {
  const auto question = read_question(message);
  if (!question) return {};
  ++questions_;
  over_tcp_ += over_tcp;

  auto fault = faults_.find({question->name, question->type});
  if (fault == faults_.end()) fault = faults_.find({question->name, 0});
  const auto is = [&](Fault which) { return fault != faults_.end() && fault->second == which; };
  const auto id = std::string(message.substr(0, 2));
  if (is(Fault::silent)) return {};
  if (is(Fault::garbage)) return id + std::string(64, '\xff');

  const auto records = records_for(question->name, question->type);
  const bool cut = is(Fault::truncated) && !over_tcp;
  const unsigned code = is(Fault::servfail) ? 2 : records_.contains(question->name) ? 0 : 3;
  const unsigned flags = 0x8180 | (cut ? 0x0200u : 0) | code;
  const auto count = cut || is(Fault::servfail) ? 0 : static_cast<unsigned>(records.size());
  std::string wire = (is(Fault::wrong_id) ? std::string{static_cast<char>(id[0] ^ 1), id[1]} : id) + wire16(flags) +
                     wire16(1) + wire16(count) + wire16(0) + wire16(0) + std::string(question->wire);
  for (std::size_t i = 0; i < count; ++i) wire += records[i];
  if (is(Fault::cut_short)) wire.resize(wire.size() - 3);
  return wire;
}

asio::awaitable<void> DnsResponder::serve_udp() {
  for (;;) {
    std::array<char, 1024> message{};
    asio::ip::udp::endpoint from;
    const auto size = co_await udp_.async_receive_from(asio::buffer(message), from, asio::use_awaitable);
    const auto reply = answer({message.data(), size}, false);
    if (!reply.empty()) co_await udp_.async_send_to(asio::buffer(reply), from, asio::use_awaitable);
  }
}

asio::awaitable<void> DnsResponder::serve_tcp() {
  for (;;) {
    auto client = co_await tcp_.async_accept(asio::use_awaitable);
    asio::co_spawn(tcp_.get_executor(), serve_tcp_client(std::move(client)), asio::detached);
  }
}

// RFC 1035 §4.2.2: each message after its length. The client's leaving ends it by an exception.
asio::awaitable<void> DnsResponder::serve_tcp_client(asio::ip::tcp::socket client) {
  for (;;) {
    std::array<unsigned char, 2> length{};
    co_await asio::async_read(client, asio::buffer(length), asio::use_awaitable);
    std::string message(length[0] * 256u + length[1], '\0');
    co_await asio::async_read(client, asio::buffer(message), asio::use_awaitable);
    const auto reply = answer(message, true);
    if (reply.empty()) continue;
    const auto framed = wire16(static_cast<unsigned>(reply.size())) + reply;
    co_await asio::async_write(client, asio::buffer(framed), asio::use_awaitable);
  }
}

}  // namespace proxy
