#include "proxy/admin/admin_api.h"

#include <algorithm>
#include <array>
#include <asio/ip/address.hpp>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <utility>

#include "proxy/admin/entry_filter.h"
#include "proxy/admin/entry_json.h"
#include "proxy/admin/finished.h"
#include "proxy/admin/import_upload.h"
#include "proxy/config/duration.h"
#include "proxy/dns/resolver.h"
#include "proxy/log.h"
#include "proxy/rfc3339.h"
#include "smtp/utf8.h"

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;
using List = greylist::RunTimeEntry::List;

constexpr const char* json_lines = "application/jsonl";

AdminAnswer told(const Json& json) { return {.body = json_line(json)}; }
AdminAnswer wrong(const std::string& what) { return {.code = 400, .body = json_line({{"error", what}})}; }
AdminAnswer store_failed(const std::string& what) {
  return {.code = 503, .body = json_line({{"error", "store: " + what}})};
}

std::string value(const AdminRequest& request, const std::string& name) {
  const auto found = request.query.find(name);
  return found == request.query.end() ? std::string() : found->second;
}

void told_of(std::string_view event, const greylist::RunTimeEntry& entry) {
  LogEvent(LogLevel::info, event)
      .with("list", entry.list == List::allow ? "allow" : "block")
      .with("client", entry.client)
      .with("sender", entry.sender)
      .with("recipient", entry.recipient)
      .with("lapses", entry.lapses ? time_text(*entry.lapses) : "")
      .with("note", entry.note)
      .write();
}

// A name that is misspelt must not widen what a request means.
std::optional<std::string> unknown_parameter(const AdminRequest& request) {
  constexpr std::array known{"client", "helo", "sender", "recipient", "state", "all", "for", "note"};
  for (const auto& [name, value] : request.query)
    if (std::ranges::find(known, name) == known.end()) return name;
  return std::nullopt;
}

ClientName look_up(const Setup& setup, const greylist::IpAddress& client) {
  asio::io_context loop{1};
  Resolver resolver(loop, {setup.settings.dns.servers, setup.settings.dns.timeout});
  return finished(loop, resolver.confirmed_name(asio::ip::make_address(client.text()), resolver.deadline()));
}

SpfVerdict check_spf(const Setup& setup, const SpfQuestion& question) {
  asio::io_context loop{1};
  Resolver resolver(loop, {setup.settings.dns.servers, setup.settings.dns.timeout});
  return finished(loop, resolver.check_spf(question, resolver.deadline()));
}

DnsListings look_up_lists(const Setup& setup, const greylist::IpAddress& client) {
  asio::io_context loop{1};
  Resolver resolver(loop, {setup.settings.dns.servers, setup.settings.dns.timeout});
  return finished(loop, resolver.listings(asio::ip::make_address(client.text()), setup.dns_lists, resolver.deadline()));
}

}  // namespace

AdminAnswer AdminApi::answer(const AdminRequest& request) {
  const bool get = request.method == "GET", remove = request.method == "DELETE", post = request.method == "POST";
  if (const auto unknown = unknown_parameter(request)) return wrong("unknown parameter: " + *unknown);
  if (request.path == "/status" && get) return {.body = sources_.status()};
  if (request.path == "/explain" && get) return explained(request);
  if (request.path == "/entries" && get) return entries(request);
  if (request.path == "/entries" && remove) return forget(request);
  if (request.path == "/export" && get) return exported(request);
  if ((request.path == "/allow" || request.path == "/block") && (get || post || remove))
    return run_time(request, request.path == "/allow" ? List::allow : List::block);
  for (const auto* path : {"/status", "/explain", "/entries", "/export", "/allow", "/block", "/import"})
    if (request.path == path) return {.code = 405, .body = json_line({{"error", "no such method here"}})};
  return {.code = 404, .body = json_line({{"error", "there is no " + request.path}})};
}

std::unique_ptr<AdminUpload> AdminApi::upload(const AdminRequest& request) {
  if (request.path != "/import" || request.method != "POST") return nullptr;
  return std::make_unique<ImportUpload>(sources_.site, sources_.setup(), sources_.run_time);
}

AdminAnswer AdminApi::explained(const AdminRequest& request) {
  const auto setup = sources_.setup();
  const ExplainSources sources{setup,
                               sources_.run_time.lists(),
                               sources_.site,
                               sources_.site.store,
                               [&](const greylist::IpAddress& client) { return look_up(*setup, client); },
                               [&](const SpfQuestion& question) { return check_spf(*setup, question); },
                               [&](const greylist::IpAddress& client) { return look_up_lists(*setup, client); }};
  const bool recipient_alone = !request.query.contains("client") && !request.query.contains("sender");
  const auto explanation = recipient_alone ? latest_for(value(request, "recipient"), sources)
                                           : explain({value(request, "client"), value(request, "helo"),
                                                      value(request, "sender"), value(request, "recipient")},
                                                     sources);
  return explanation ? told(*explanation) : wrong(explanation.error());
}

// The lines of all entries that are wanted and alive, page by page.
std::function<std::string()> AdminApi::entry_lines(greylist::EntryFilter wanted) {
  const auto limits = sources_.setup()->policy.limits;
  const auto now = sources_.site.clock.now();
  greylist::EntryFilter alive = [=, wanted = std::move(wanted)](const auto& triplet, const auto& record) {
    return !greylist::expired(record, now, limits) && wanted(triplet, record);
  };
  return [&store = sources_.site.store, alive = std::move(alive), from = std::string(), over = false]() mutable {
    std::string lines;
    while (lines.empty() && !over) {
      auto page = finished(store.scan(from, alive));
      if (!page) throw std::runtime_error(page.error().what);
      for (const auto& entry : page->entries) lines += json_line(entry_json(entry));
      from = std::move(page->next);
      over = from.empty();
    }
    return lines;
  };
}

AdminAnswer AdminApi::entries(const AdminRequest& request) {
  auto wanted = entry_filter(request.query);
  if (!wanted) return wrong(wanted.error());
  return {.content_type = json_lines, .body = {}, .pieces = entry_lines(*std::move(wanted))};
}

std::function<std::string()> AdminApi::earner_lines() {
  return [&store = sources_.site.store, from = std::string(), over = false]() mutable {
    std::string lines;
    while (lines.empty() && !over) {
      const auto page = finished(store.scan_earners(from));
      if (!page) throw std::runtime_error(page.error().what);
      for (const auto& earner : page->earners) lines += json_line(earner_json(earner));
      from = page->next;
      over = from.empty();
    }
    return lines;
  };
}

AdminAnswer AdminApi::exported(const AdminRequest& request) {
  auto entries = entry_lines([](const greylist::Triplet&, const greylist::Record&) { return true; });
  if (!request.query.contains("all")) return {.content_type = json_lines, .body = {}, .pieces = std::move(entries)};
  std::string listed;
  for (const auto& entry : sources_.run_time.entries()) listed += json_line(run_time_json(entry));
  auto pieces = [entries = std::move(entries), earners = earner_lines(), listed = std::move(listed)]() mutable {
    for (auto* part : {&entries, &earners})
      if (auto lines = (*part)(); !lines.empty()) return lines;
    return std::exchange(listed, {});
  };
  return {.content_type = json_lines, .body = {}, .pieces = std::move(pieces)};
}

AdminAnswer AdminApi::forget(const AdminRequest& request) {
  if (!has_condition(request.query) && !request.query.contains("all"))
    return wrong("which entries? Give client, sender, recipient or state, or all");
  auto wanted = entry_filter(request.query);
  if (!wanted) return wrong(wanted.error());
  auto& store = sources_.site.store;
  asio::io_context loop{1};
  std::uint64_t forgotten = 0;
  std::string from;
  do {
    auto page = finished(loop, store.scan(from, *wanted));
    if (!page) return store_failed(page.error().what);
    for (auto& entry : page->entries) {
      const auto gone = finished(loop, store.forget(std::move(entry.triplet), *wanted));
      if (!gone) return store_failed(gone.error().what);
      forgotten += *gone;
    }
    from = std::move(page->next);
  } while (!from.empty());
  LogEvent(LogLevel::info, "forgotten").with("entries", forgotten).write();
  return told({{"forgotten", forgotten}});
}

AdminAnswer AdminApi::run_time(const AdminRequest& request, List list) {
  auto& run_time = sources_.run_time;
  if (request.method == "GET") {
    std::string lines;
    for (const auto& entry : run_time.entries())
      if (entry.list == list) lines += json_line(run_time_json(entry));
    return {.content_type = json_lines, .body = std::move(lines)};
  }
  greylist::RunTimeEntry entry;
  entry.list = list;
  entry.client = value(request, "client");
  entry.sender = value(request, "sender");
  entry.recipient = value(request, "recipient");
  if (request.method == "DELETE") {
    const auto removed = run_time.remove(entry);
    if (!removed) return store_failed(removed.error());
    if (*removed) told_of("run_time_entry_removed", entry);
    return told({{"removed", *removed ? 1 : 0}});
  }
  entry.made = sources_.site.clock.now();
  entry.note = value(request, "note");
  if (const auto time = value(request, "for"); !time.empty()) {
    const auto duration = parse_duration(time);
    if (!duration) return wrong("for: expected a duration like \"10m\", got \"" + time + "\"");
    entry.lapses = entry.made + *duration;
  }
  // JSON couldn't tell of it, and an export wouldn't come back the same.
  for (const auto* text : {&entry.client, &entry.sender, &entry.recipient, &entry.note})
    if (!smtp::valid_utf8(*text)) return wrong("not UTF-8: " + *text);
  greylist::RunTimeList trial;
  if (const auto usable = trial.add(entry); !usable) return wrong(usable.error());
  if (const auto added = run_time.add({entry}); !added) return store_failed(added.error());
  const auto json = run_time_json(entry);
  told_of("run_time_entry_added", entry);
  return told(json);
}

}  // namespace proxy
