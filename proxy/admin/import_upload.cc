#include "proxy/admin/import_upload.h"

#include <nlohmann/json.hpp>

#include "greylist/store/keys.h"
#include "proxy/admin/entry_json.h"
#include "proxy/admin/finished.h"
#include "proxy/log.h"

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t batch_size = 500;
constexpr std::size_t longest_line = 64 * 1024;

// A triplet as another greylister has it: the client's address instead of our identity, addresses as they were written.
std::expected<greylist::Entry, std::string> parse_foreign(Json json, const greylist::ClientPrefix& prefix) {
  const auto found = json.find("client");
  const auto client =
      found->is_string() ? greylist::IpAddress::parse(found->get_ref<const std::string&>()) : std::nullopt;
  if (!client) return std::unexpected("client: expected an IP address");
  json["identity"] = "-";
  json["last_client"] = client->text();
  auto entry = parse_entry(json);
  if (entry) entry->triplet = greylist::make_triplet(*client, entry->triplet.sender, entry->triplet.recipient, prefix);
  return entry;
}

}  // namespace

ImportUpload::ImportUpload(Site& site, std::shared_ptr<const Setup> setup, RunTimeRegister& run_time)
    : site_(site), setup_(std::move(setup)), run_time_(run_time) {}

void ImportUpload::take(std::string_view octets) {
  while (!octets.empty()) {
    const auto end = octets.find('\n');
    if (unfinished_.size() < longest_line) unfinished_.append(octets.substr(0, end));
    if (end == octets.npos) return;
    octets.remove_prefix(end + 1);
    take_line(std::exchange(unfinished_, {}));
  }
}

void ImportUpload::take_line(std::string_view line) {
  if (!failure_.empty() || line.find_first_not_of(" \t\r") == line.npos) return;
  auto json = Json::parse(line, nullptr, false);
  if (!json.is_object()) return leave_out("not a JSON object");
  if (json.contains("list")) {
    auto entry = parse_run_time(json);
    if (!entry) return leave_out(entry.error());
    if (entry->made == greylist::Time()) entry->made = site_.clock.now();
    if (entry->lapses && *entry->lapses <= site_.clock.now()) return leave_out("a run-time entry that has lapsed");
    greylist::RunTimeList trial;
    if (const auto usable = trial.add(*entry); !usable) return leave_out(usable.error());
    run_time_entries_.push_back(*std::move(entry));
  } else if (json.contains("earner")) {
    auto earner = parse_earner(json);
    if (!earner) return leave_out(earner.error());
    if (greylist::lapsed(earner->credit, site_.clock.now(), setup_->policy.limits))
      return leave_out("a client whose credit has lapsed");
    auto name = earner->name;
    earners_.insert_or_assign(std::move(name), *std::move(earner));
  } else {
    auto entry = json.contains("identity") || !json.contains("client")
                     ? parse_entry(json)
                     : parse_foreign(std::move(json), setup_->policy.client_prefix);
    if (!entry) return leave_out(entry.error());
    const auto now = site_.clock.now();
    const auto& limits = setup_->policy.limits;
    if (greylist::expired(entry->record, now, limits)) return leave_out("an entry that has expired");
    auto key = greylist::triplet_key(entry->triplet);
    const auto same = entries_.find(key);
    if (same == entries_.end())
      entries_.emplace(std::move(key), *std::move(entry));
    else
      same->second.record = greylist::merged(same->second.record, entry->record, now, limits);
    ++triplets_;
  }
  if (entries_.size() + earners_.size() >= batch_size) flush();
}

// Reasons quote what was wrong: only so many are told apart.
void ImportUpload::leave_out(const std::string& reason) {
  constexpr std::size_t most_reasons = 100;
  const bool known = left_out_.size() < most_reasons || left_out_.contains(reason);
  ++left_out_[known ? reason : "for another reason"];
}

void ImportUpload::flush() {
  const auto now = site_.clock.now();
  const auto& limits = setup_->policy.limits;
  std::vector<greylist::Entry> entries;
  for (auto& [key, entry] : std::exchange(entries_, {})) entries.push_back(std::move(entry));
  std::vector<greylist::Earner> earners;
  for (auto& [name, earner] : std::exchange(earners_, {})) earners.push_back(std::move(earner));
  earned_ += earners.size();
  if (!entries.empty())
    if (const auto taken = finished(site_.store.take_over(std::move(entries), now, limits)); !taken)
      failure_ = taken.error().what;
  if (!earners.empty())
    if (const auto taken = finished(site_.store.take_over_earners(std::move(earners), now, limits)); !taken)
      failure_ = taken.error().what;
}

// All at once, however many: they are in memory for good, and the lists are built anew each time.
void ImportUpload::flush_run_time_entries() {
  if (run_time_entries_.empty() || !failure_.empty()) return;
  listed_ = run_time_entries_.size();
  if (const auto added = run_time_.add(std::exchange(run_time_entries_, {})); !added) failure_ = added.error();
}

AdminAnswer ImportUpload::finish() {
  if (!unfinished_.empty()) take_line(std::exchange(unfinished_, {}));
  flush();
  flush_run_time_entries();
  LogEvent(LogLevel::info, "imported")
      .with("entries", triplets_)
      .with("earners", earned_)
      .with("run_time_entries", listed_)
      .write();
  Json left_out = Json::object();
  for (const auto& [reason, count] : left_out_) left_out[reason] = count;
  Json told{{"entries", triplets_}, {"earners", earned_}, {"run_time_entries", listed_}, {"left_out", left_out}};
  if (!failure_.empty()) told["error"] = "store: " + failure_;
  return {.code = failure_.empty() ? 200 : 503, .body = json_line(told)};
}

}  // namespace proxy
