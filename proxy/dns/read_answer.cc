#include "proxy/dns/read_answer.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

namespace proxy {
namespace {

// What names have no record of, servers know for as long as their zone's SOA says (RFC 2308); we, for no more than
// this.
constexpr std::chrono::seconds absent_lifetime{60};

DnsAnswer read_pointers(const unsigned char* message, int size) {
  hostent* host = nullptr;
  const int status = ares_parse_ptr_reply(message, size, nullptr, 0, AF_INET, &host);
  // c-ares gives up an answer for one name in it that no host may have: that client has no name, today and tomorrow.
  if (status == ARES_EBADRESP) return {.outcome = DnsAnswer::Outcome::nothing, .error = "malformed PTR record"};
  if (status != ARES_SUCCESS) return dns_failure(status);
  DnsAnswer answer{.outcome = DnsAnswer::Outcome::found, .error = {}};
  for (auto name = host->h_aliases; name && *name; ++name) answer.names.emplace_back(*name);
  ares_free_hostent(host);
  return answer;
}

DnsAnswer read_addresses(DnsType type, const unsigned char* message, int size) {
  hostent* host = nullptr;
  const int status = type == DnsType::a ? ares_parse_a_reply(message, size, &host, nullptr, nullptr)
                                        : ares_parse_aaaa_reply(message, size, &host, nullptr, nullptr);
  if (status != ARES_SUCCESS) return dns_failure(status);
  DnsAnswer answer{.outcome = DnsAnswer::Outcome::found, .error = {}, .addresses = dns_addresses(*host)};
  ares_free_hostent(host);
  return answer;
}

DnsAnswer read_exchanges(const unsigned char* message, int size) {
  ares_mx_reply* first = nullptr;
  const int status = ares_parse_mx_reply(message, size, &first);
  if (status != ARES_SUCCESS) return dns_failure(status);
  std::vector<std::pair<unsigned, std::string>> exchanges;
  for (const auto* each = first; each; each = each->next) exchanges.emplace_back(each->priority, each->host);
  ares_free_data(first);
  std::ranges::sort(exchanges);
  DnsAnswer answer{.outcome = DnsAnswer::Outcome::found, .error = {}};
  for (auto& exchange : exchanges) answer.names.push_back(std::move(exchange.second));
  return answer;
}

DnsAnswer read_texts(const unsigned char* message, int size) {
  ares_txt_ext* first = nullptr;
  const int status = ares_parse_txt_reply_ext(message, size, &first);
  if (status != ARES_SUCCESS) return dns_failure(status);
  DnsAnswer answer{.outcome = DnsAnswer::Outcome::found, .error = {}};
  for (const auto* part = first; part; part = part->next) {
    if (part->record_start || answer.texts.empty()) answer.texts.emplace_back();
    answer.texts.back().append(reinterpret_cast<const char*>(part->txt), part->length);
  }
  ares_free_data(first);
  return answer;
}

DnsAnswer read_records(DnsType type, const unsigned char* message, int size) {
  switch (type) {
    case DnsType::a:
    case DnsType::aaaa: return read_addresses(type, message, size);
    case DnsType::mx: return read_exchanges(message, size);
    case DnsType::ptr: return read_pointers(message, size);
    case DnsType::txt: return read_texts(message, size);
  }
  std::unreachable();
}

// The shortest time to live among the answer's records.
std::chrono::seconds lifetime_of(const unsigned char* message, int size) {
  ns_msg parsed;
  if (ns_initparse(message, size, &parsed) != 0) return {};
  std::optional<std::uint32_t> shortest;
  for (int i = 0; i < ns_msg_count(parsed, ns_s_an); ++i) {
    ns_rr record;
    if (ns_parserr(&parsed, ns_s_an, i, &record) != 0) return {};
    shortest = std::min(shortest.value_or(UINT32_MAX), static_cast<std::uint32_t>(ns_rr_ttl(record)));
  }
  return std::chrono::seconds(shortest.value_or(0));
}

}  // namespace

int number_of(DnsType type) {
  switch (type) {
    case DnsType::a: return ns_t_a;
    case DnsType::aaaa: return ns_t_aaaa;
    case DnsType::mx: return ns_t_mx;
    case DnsType::ptr: return ns_t_ptr;
    case DnsType::txt: return ns_t_txt;
  }
  std::unreachable();
}

DnsAnswer dns_failure(int status) {
  if (status == ARES_ETIMEOUT) return {};
  const bool known_absent = status == ARES_ENODATA || status == ARES_ENOTFOUND || status == ARES_EBADNAME;
  if (!known_absent) return {.outcome = DnsAnswer::Outcome::failed, .error = ares_strerror(status)};
  return {.outcome = DnsAnswer::Outcome::nothing, .error = ares_strerror(status), .lifetime = absent_lifetime};
}

DnsAnswer read_answer(DnsType type, int status, const unsigned char* message, int size) {
  if (status != ARES_SUCCESS) return dns_failure(status);
  auto answer = read_records(type, message, size);
  if (answer.outcome == DnsAnswer::Outcome::found) answer.lifetime = lifetime_of(message, size);
  return answer;
}

asio::ip::address dns_address(int family, const void* octets) {
  if (family == AF_INET) {
    asio::ip::address_v4::bytes_type bytes;
    std::memcpy(bytes.data(), octets, bytes.size());
    return asio::ip::address_v4(bytes);
  }
  asio::ip::address_v6::bytes_type bytes;
  std::memcpy(bytes.data(), octets, bytes.size());
  return asio::ip::address_v6(bytes);
}

std::vector<asio::ip::address> dns_addresses(const hostent& host) {
  std::vector<asio::ip::address> addresses;
  for (auto octets = host.h_addr_list; octets && *octets; ++octets)
    addresses.push_back(dns_address(host.h_addrtype, *octets));
  return addresses;
}

}  // namespace proxy
