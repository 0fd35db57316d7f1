#include "proxy/commands/foreign.h"

#include <nlohmann/json.hpp>

#include "greylist/ip_address.h"
#include "greylist/triplet.h"
#include "proxy/admin/entry_json.h"
#include "proxy/import/read_postgrey.h"
#include "proxy/import/read_spamd.h"
#include "proxy/import/read_sqlgrey.h"
#include "proxy/rfc3339.h"

namespace proxy {
namespace {

using Json = nlohmann::ordered_json;

Json json_of(const ImportedTriplet& triplet, greylist::Duration) {
  return {{"client", triplet.client},
          {"sender", triplet.sender},
          {"recipient", triplet.recipient},
          {"first_seen", time_text(triplet.first_seen)},
          {"passed", time_json(triplet.passed)},
          {"last_seen", time_text(triplet.last_seen)}};
}

template <class Entry>
Json listed(const char* list, const Entry& entry, std::optional<greylist::Time> lapses) {
  return {{"list", list},
          {"client", entry.client},
          {"sender", entry.sender},
          {"recipient", entry.recipient},
          {"lapses", time_json(lapses)},
          {"note", entry.note}};
}

Json json_of(const ImportedAllow& entry, greylist::Duration lifetime) {
  return listed("allow", entry, entry.last_seen ? std::optional(*entry.last_seen + lifetime) : std::nullopt);
}

Json json_of(const ImportedBlock& entry, greylist::Duration) { return listed("block", entry, entry.lapses); }

Json json_of(const ImportedEarner& earner, greylist::Duration) {
  const auto client = greylist::IpAddress::parse(earner.client);
  return {{"earner", client ? greylist::earning_identity(*client) : earner.client},
          {"count", earner.count},
          {"last_counted", time_text(earner.last_used)},
          {"last_used", time_text(earner.last_used)}};
}

}  // namespace

ForeignReader foreign_reader(const std::string& program) {
  if (program == "postgrey") return read_postgrey;
  if (program == "spamd") return read_spamd;
  if (program == "sqlgrey") return read_sqlgrey;
  return nullptr;
}

std::string import_line(const Imported& imported, greylist::Duration lifetime) {
  return json_line(std::visit([&](const auto& one) { return json_of(one, lifetime); }, imported));
}

}  // namespace proxy
