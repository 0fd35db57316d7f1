#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "greylist/timestamp.h"

// What other greylisters knew, in terms of ours.
namespace proxy {

// To be put on the greylist under the key that make_triplet() gives it: the same as a live attempt's.
struct ImportedTriplet {
  std::string client;             // address, or the first one of a network
  std::string sender, recipient;  // the null sender is empty
  greylist::Time first_seen;
  std::optional<greylist::Time> passed;  // no later than this; none: it still waits
  greylist::Time last_seen;
};

// Conditions of which all that are given (not empty) must be met.
struct ImportedAllow {
  std::string client;             // address or CIDR
  std::string sender, recipient;  // as list entries: "bob@example.org", "@example.org"
  std::optional<greylist::Time> last_seen;
  std::string note;  // where it comes from, for people
};
struct ImportedBlock {
  std::string client, sender, recipient;
  std::optional<greylist::Time> lapses;
  std::string note;
};

// A client that was counting towards being let in without waiting.
struct ImportedEarner {
  std::string client;  // address
  unsigned count = 0;
  greylist::Time last_used;
};

using Imported = std::variant<ImportedTriplet, ImportedAllow, ImportedBlock, ImportedEarner>;

struct ImportReport {
  std::uint64_t triplets = 0, allows = 0, blocks = 0, earners = 0;
  std::map<std::string, std::uint64_t> left_out;  // why, in words → how many
};

// Gets the entries one by one, as the file is read. The readers keep none: memory doesn't grow with the file.
//
// A reader returns an error if the file can't be read, is something else or ends too early, and that may show only
// after entries were handed over: for all or nothing, read once with a Take that does nothing. Single entries that
// can't be taken over are counted under the reason. Expired entries are handed over as well: readers have no clock.
using Take = std::function<void(Imported)>;

// Hands entries over and counts.
class ImportTally {
 public:
  explicit ImportTally(const Take& take) : take_(take) {}

  void take(ImportedTriplet triplet) { ++report_.triplets, take_(std::move(triplet)); }
  void take(ImportedAllow allow) { ++report_.allows, take_(std::move(allow)); }
  void take(ImportedBlock block) { ++report_.blocks, take_(std::move(block)); }
  void take(ImportedEarner earner) { ++report_.earners, take_(std::move(earner)); }
  void leave_out(std::string_view reason) { ++report_.left_out[std::string(reason)]; }
  const ImportReport& report() const { return report_; }

 private:
  const Take& take_;
  ImportReport report_;
};

}  // namespace proxy
