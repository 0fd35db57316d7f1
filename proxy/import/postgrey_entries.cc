#include "proxy/import/postgrey_entries.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "greylist/ascii.h"
#include "greylist/ip_address.h"
#include "proxy/import/foreign_address.h"
#include "proxy/import/times.h"

namespace proxy {
namespace {

namespace ascii = greylist::ascii;
using greylist::IpAddress;

constexpr std::size_t longest_key = 2048;  // postgrey cuts each part at 512

bool is_sha1(std::string_view key) { return key.size() == 40 && std::ranges::all_of(key, ascii::hex_digit); }

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size()) return {};
  return value;
}

// What stands before the next `separator`, which goes too; all there is, if there is none.
std::string_view take_until(std::string_view& text, char separator) {
  const auto end = std::min(text.find(separator), text.size());
  const auto taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

struct Path {
  std::string_view sender, recipient;
};

// "SENDER/RECIPIENT", either of which may have slashes of its own. A domain has none, so the first cut that leaves two
// addresses is the one; those without a domain come second.
std::optional<Path> split_path(std::string_view text) {
  const auto first_cut = [&](bool (*readable)(std::string_view)) -> std::optional<Path> {
    for (auto slash = text.find('/'); slash != std::string_view::npos; slash = text.find('/', slash + 1)) {
      const Path path{text.substr(0, slash), text.substr(slash + 1)};
      const bool sub_address_alone = path.sender.starts_with('@');  // of "+x@example.org" is left "@example.org"
      const bool sender = path.sender.empty() || readable(path.sender) ||
                          (sub_address_alone && readable(std::string("x").append(path.sender)));
      if (sender && readable(path.recipient)) return path;
    }
    return {};
  };
  if (const auto path = first_cut(readable_address_with_domain)) return path;
  return first_cut(readable_address);
}

// Of 192.0.2.0 and "7": 192.0.2.7. Anything else leaves the client as it is.
IpAddress with_last_octet(const IpAddress& client, std::string_view octet) {
  const auto last = number(octet);
  if (!client.is_v4() || client.data()[3] != 0 || !last || *last > 255) return client;
  const auto* bytes = client.data();
  return IpAddress::v4({bytes[0], bytes[1], bytes[2], static_cast<std::uint8_t>(*last)});
}

}  // namespace

void PostgreyEntries::add(std::string_view key, std::string_view value) {
  ++entries_;
  if (is_sha1(key)) {
    ++hashed_;
    tally_.leave_out("the entry was hashed by postgrey --privacy");
  } else if (const auto slash = key.find('/'); slash != std::string_view::npos && key.size() <= longest_key) {
    add_triplet(key, slash, value);
  } else {
    add_earner(key, value);
  }
}

void PostgreyEntries::leave_out_foreign() {
  ++foreign_;
  tally_.leave_out("the entry is none of postgrey's");
}

void PostgreyEntries::add_triplet(std::string_view key, std::size_t slash, std::string_view value) {
  const auto client = IpAddress::parse(key.substr(0, slash));
  if (!client) return leave_out_foreign();
  auto rest = key.substr(slash + 1);
  if (const auto length = std::to_string(client->bits()) + "/"; rest.starts_with(length)) {
    rest.remove_prefix(length.size());
  }
  const auto path = split_path(rest);
  if (!path) return tally_.leave_out("sender and recipient can't be told apart or aren't addresses");
  auto sender = restored_sender(path->sender);
  if (!sender) return tally_.leave_out(sender.error());

  const auto first = epoch_seconds(take_until(value, ','));
  const auto last = epoch_seconds(take_until(value, ','));
  if (!first || !last) return tally_.leave_out("the times can't be read");
  const bool passed = *last - *first >= delay;
  tally_.take(ImportedTriplet{.client = with_last_octet(*client, value).text(),
                              .sender = std::move(*sender),
                              .recipient = std::string(path->recipient),
                              .first_seen = *first,
                              .passed = passed ? last : std::nullopt,
                              .last_seen = std::max(*first, *last)});
}

void PostgreyEntries::add_earner(std::string_view client, std::string_view value) {
  const auto address = IpAddress::parse(client);
  if (!address) return leave_out_foreign();
  const auto count = number(take_until(value, ','));
  const auto last_used = epoch_seconds(value);
  if (!count || !last_used) return tally_.leave_out("count and time can't be read");
  tally_.take(ImportedEarner{.client = address->text(), .count = *count, .last_used = *last_used});
}

std::expected<ImportReport, std::string> PostgreyEntries::report() const {
  if (entries_ > 0 && hashed_ == entries_) {
    return std::unexpected(
        "every entry was hashed by postgrey --privacy, so that clients and addresses can't be had from it");
  }
  if (entries_ > 0 && foreign_ == entries_) return std::unexpected("it has none of postgrey's entries");
  return tally_.report();
}

}  // namespace proxy
