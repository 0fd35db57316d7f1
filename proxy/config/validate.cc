#include "proxy/config/validate.h"

#include <pwd.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ranges>

#include "proxy/config/duration.h"
#include "proxy/config/host_port.h"
#include "proxy/config/own_listener.h"
#include "proxy/config/rule_conflicts.h"
#include "proxy/dns/dns_name.h"

namespace proxy {
namespace {

using Check = void (*)(const Settings&, ConfigProblems&);

std::string at(std::string_view key, std::size_t index) { return std::string(key) + "[" + std::to_string(index) + "]"; }

void required(const Settings& s, ConfigProblems& problems) {
  if (s.backend.addresses.empty())
    problems.push_back({"backend.addresses", "required: the MTA's address, such as [\"127.0.0.1:10025\"]"});
  if (s.domains.empty())
    problems.push_back({"domains", "required: the recipient domains taken, such as [\"example.org\"]"});
  if (s.store.path.empty()) problems.push_back({"store.path", "must name a directory, such as \"greylist\""});
}

void admin_socket(const Settings& s, ConfigProblems& problems) {
  constexpr auto most = sizeof(sockaddr_un::sun_path) - 1;
  if (s.admin_socket.empty())
    problems.push_back({"admin.socket", "must name a Unix socket, such as \"/run/greygate/admin.sock\""});
  if (s.admin_socket.size() > most)
    problems.push_back({"admin.socket", "a Unix socket's path has at most " + std::to_string(most) +
                                            " octets, this has " + std::to_string(s.admin_socket.size())});
}

// The MTA trusts the address it sees, and without the client's identity that is ours.
void open_relay(const Settings& s, ConfigProblems& problems) {
  if (s.backend.client_identity == "none" && std::ranges::count(s.domains, "*") > 0)
    problems.push_back(
        {"domains",
         "\"*\" with backend.client_identity \"none\" would be an open relay, since the backend trusts the "
         "proxy's own address; list the domains, or tell the backend who the client is"});
}

void mail_loop(const Settings& s, ConfigProblems& problems) {
  for (std::size_t i = 0; i < s.backend.addresses.size(); ++i)
    if (const auto listener = own_listener(s.backend.addresses[i], s.listen); !listener.empty())
      problems.push_back({at("backend.addresses", i), "\"" + s.backend.addresses[i] + "\" is our own listener " +
                                                          listener + ": mail would go round in circles; name the MTA"});
}

void same_address_twice(const Settings& s, ConfigProblems& problems) {
  std::vector<HostPort> taken;
  const auto take = [&](std::string key, const std::string& address) {
    const auto here = HostPort::parse(address);
    if (!here || here->port == 0) return;
    if (std::ranges::count(taken, *here) > 0)
      problems.push_back({std::move(key), "\"" + address + "\" is a listener's already; choose another port"});
    taken.push_back(*here);
  };
  for (std::size_t i = 0; i < s.listen.size(); ++i) take(at("listen", i) + ".address", s.listen[i].address);
  take("status.address", s.status_address);
}

void waiting(const Settings& s, ConfigProblems& problems) {
  const auto& limits = s.greylist.limits;
  if (limits.delay >= limits.retry_window)
    problems.push_back(
        {"greylist.delay", "must be shorter than greylist.retry_window (" + duration_text(limits.retry_window) +
                               "), or no retry ever passes; got \"" + duration_text(limits.delay) + "\""});
}

// A client waits for five minutes for the reply to RCPT (RFC 5321 §4.5.3.2.3), and not for ours alone.
void tarpit(const Settings& s, ConfigProblems& problems) {
  constexpr std::chrono::minutes longest{2};
  if (s.greylist.tarpit.delay > longest)
    problems.push_back({"greylist.tarpit.delay", "at most 2m: no client waits much longer for a reply to RCPT; got \"" +
                                                     duration_text(s.greylist.tarpit.delay) + "\""});
}

void identity(const Settings& s, ConfigProblems& problems) {
  const auto& proofs = s.greylist.identity;
  for (std::size_t i = 0; i < proofs.size(); ++i) {
    if (std::ranges::count(proofs | std::views::take(i), proofs[i]) > 0)
      problems.push_back({at("greylist.identity", i), "\"" + proofs[i] + "\" is there already"});
    else if (proofs[i] == "network" && i + 1 < proofs.size())
      problems.push_back({at("greylist.identity", i), "\"network\" must come last: it takes no proof"});
  }
}

void reply(const Settings& s, ConfigProblems& problems) {
  auto url_alone = s.greylist.reply;
  url_alone.text.clear();
  if (const auto good = greylist::check(url_alone); !good)
    problems.push_back({"greylist.reply.url", good.error()});
  else if (const auto text_good = greylist::check(s.greylist.reply); !text_good)
    problems.push_back({"greylist.reply.text", text_good.error()});
}

void reuse(const Settings& s, ConfigProblems& problems) {
  if (s.backend.reuse && s.backend.client_identity != "xclient")
    problems.push_back({"backend.reuse",
                        "only with backend.client_identity \"xclient\": nothing else can tell the "
                        "backend of the next client"});
}

void redis(const Settings& s, ConfigProblems& problems) {
  const auto& store = s.store;
  if (store.engine != "redis") return;
  if (store.nodes.empty())
    problems.push_back({"store.nodes", "required with \"redis\": the servers, such as [\"127.0.0.1:6379\"]"});
  if (store.prefix.find_first_of("{}") != store.prefix.npos)
    problems.push_back({"store.prefix", "may have no braces: in a cluster they say where a key is kept"});
  if (!store.username.empty() && store.password_file.empty())
    problems.push_back({"store.username", "needs store.password_file: nobody logs in without a password"});
}

void dns_lists(const Settings& s, ConfigProblems& problems) {
  std::vector<std::string> taken{std::string(greylist::enough_lists)};
  const auto check = [&](std::string_view key, const std::vector<Settings::DnsList>& lists) {
    for (std::size_t i = 0; i < lists.size(); ++i) {
      const auto& [name, zone, returns, weight] = lists[i];
      if (name.empty()) problems.push_back({at(key, i) + ".name", "required: how rules are to call the list"});
      constexpr std::size_t longest = 189;  // of a domain's 253, with an IPv6 address in front
      if (!is_host_name(zone) || zone.size() > longest)
        problems.push_back({at(key, i) + ".zone", "expected a domain such as \"list.example.org\""});
      if (std::ranges::count(taken, name) > 0)
        problems.push_back({at(key, i) + ".name", "\"" + name + "\" has another meaning already"});
      taken.push_back(name);
    }
  };
  check("dns.allow_lists", s.dns.allow_lists);
  check("dns.block_lists", s.dns.block_lists);
  unsigned weights = 0;
  for (const auto& list : s.dns.block_lists) weights += list.weight;
  if (weights < s.dns.block_threshold && weights > 0)
    problems.push_back({"dns.block_threshold", "at most what all of dns.block_lists weigh together, " +
                                                   std::to_string(weights) + ", or nobody is on enough of them"});
  if (!s.dns.enabled && !s.dns.allow_lists.empty())
    problems.push_back({"dns.allow_lists", "can't be asked while dns.enabled is false"});
}

void greeting(const Settings& s, ConfigProblems& problems) {
  constexpr Duration longest = std::chrono::minutes(1);  // clients wait for five (RFC 5321 §4.5.3.2.1), many for less
  if (s.greylist.greeting_delay > longest)
    problems.push_back({"greylist.greeting_delay", "at most 1m, or clients leave before they are greeted; got \"" +
                                                       duration_text(s.greylist.greeting_delay) + "\""});
}

void rules(const Settings& s, ConfigProblems& problems) {
  for (auto& problem : rule_conflicts(s)) problems.push_back(std::move(problem));
}

void user(const Settings& s, ConfigProblems& problems) {
  if (!s.user.empty() && !getpwnam(s.user.c_str()))
    problems.push_back({"user", "no such user: \"" + s.user + "\"; name an account of this system"});
}

}  // namespace

ConfigProblems contradictions(const Settings& settings) {
  ConfigProblems problems;
  for (const Check check : {required, redis, admin_socket, open_relay, mail_loop, same_address_twice, waiting, tarpit,
                            identity, reply, reuse, dns_lists, greeting, rules, user})
    check(settings, problems);
  return problems;
}

}  // namespace proxy
