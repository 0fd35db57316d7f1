#include "proxy/config/build_policy.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "proxy/config/build_rules.h"

namespace proxy {
namespace {

using Added = std::expected<void, std::string>;

std::string at(std::string_view key, std::size_t index) { return std::string(key) + "[" + std::to_string(index) + "]"; }

// Puts entries into one list, and what is wrong with them into the problems.
template <class List>
void add_entries(List& list, std::string_view key, const std::vector<std::string>& entries, ConfigProblems& problems) {
  for (std::size_t i = 0; i < entries.size(); ++i)
    if (const Added added = list.add(entries[i]); !added) problems.push_back({at(key, i), added.error()});
}

template <class List>
void add_file(List& list, const std::string& key, const std::string& path, ConfigProblems& problems) {
  errno = 0;
  std::ifstream file(path);
  if (!file || (file.peek(), file.bad())) {
    problems.push_back({key, path + ": " + std::strerror(errno)});
    return;
  }
  constexpr unsigned most = 10;  // a file of another kind would be wrong in every line
  unsigned wrong = 0;
  std::string line;
  for (unsigned number = 1; wrong < most && std::getline(file, line); ++number)
    if (const Added added = list.add_postgrey(line); !added) {
      ++wrong;
      problems.push_back({key, path + ": line " + std::to_string(number) + ": " + added.error()});
    }
}

template <class List>
void add_files(List& list, std::string_view key, const std::vector<std::string>& paths, ConfigProblems& problems) {
  for (std::size_t i = 0; i < paths.size(); ++i) add_file(list, at(key, i), paths[i], problems);
}

std::vector<greylist::ProofKind> ladder(const Settings& settings) {
  std::vector<greylist::ProofKind> kinds;
  if (!settings.dns.enabled) return kinds;
  for (const auto& word : settings.greylist.identity) {
    if (word == "spf") kinds.push_back(greylist::ProofKind::spf);
    if (word == "rdns") kinds.push_back(greylist::ProofKind::rdns);
  }
  return kinds;
}

greylist::Mode mode(const std::string& word) {
  if (word == "off") return greylist::Mode::off;
  return word == "observe" ? greylist::Mode::observe : greylist::Mode::enforce;
}

}  // namespace

std::expected<greylist::Policy, ConfigProblems> build_policy(const Settings& settings) {
  const auto& greylist = settings.greylist;
  greylist::Policy policy;
  policy.mode = mode(greylist.mode);
  policy.limits = greylist.limits;
  policy.client_prefix = greylist.client_prefix;
  policy.identity = ladder(settings);
  policy.auto_allow = greylist.auto_allow;
  policy.null_sender = greylist.null_sender == "data" ? greylist::NullSender::data : greylist::NullSender::rcpt;
  policy.on_store_failure =
      greylist.on_store_failure == "defer" ? greylist::OnStoreFailure::defer : greylist::OnStoreFailure::accept;
  policy.domains = greylist::DomainList(settings.domains);

  ConfigProblems problems;
  const auto& [clients, clients_files, senders, recipients, recipients_files] = settings.allow;
  add_entries(policy.allow.clients, "allow.clients", clients, problems);
  add_files(policy.allow.clients, "allow.clients_files", clients_files, problems);
  add_entries(policy.allow.senders, "allow.senders", senders, problems);
  add_entries(policy.allow.recipients, "allow.recipients", recipients, problems);
  add_files(policy.allow.recipients, "allow.recipients_files", recipients_files, problems);
  add_entries(policy.block.clients, "block.clients", settings.block.clients, problems);
  add_entries(policy.block.senders, "block.senders", settings.block.senders, problems);
  add_entries(policy.block.recipients, "block.recipients", settings.block.recipients, problems);
  for (const auto& list : settings.dns.allow_lists) policy.dns_allow_lists.push_back(list.name);
  add_entries(policy.traps, "greylist.traps", greylist.traps, problems);
  policy.trap_lifetime = greylist.trap_lifetime;
  policy.rules = build_rules(settings, problems);
  policy.rate_periods = greylist::rate_periods(policy.rules);
  if (!problems.empty()) return std::unexpected(std::move(problems));
  return policy;
}

}  // namespace proxy
