#pragma once
#include <string>
#include <variant>

#include "greylist/ip_address.h"
#include "greylist/lists/address_list.h"
#include "greylist/triplet.h"
#include "proxy/import/imported.h"
#include "smtp/utf8.h"
#include "test/fuzz/require.h"

// Requires of everything handed over that it can be put to use.
class CheckedTake {
 public:
  proxy::Take take() {
    return [this](const proxy::Imported& entry) { std::visit([this](const auto& one) { check(one); }, entry); };
  }
  void check(const proxy::ImportReport& report) const {
    REQUIRE(report.triplets + report.allows + report.blocks + report.earners == taken_);
    for (const auto& [reason, count] : report.left_out) REQUIRE(!reason.empty() && count > 0);
  }

 private:
  void check(const proxy::ImportedTriplet& one) {
    ++taken_;
    const auto client = greylist::IpAddress::parse(one.client);
    REQUIRE(client.has_value());
    const auto triplet = greylist::make_triplet(*client, one.sender, one.recipient, {});
    REQUIRE(triplet.sender.empty() == one.sender.empty());
    REQUIRE(!triplet.recipient.empty());
    REQUIRE(smtp::valid_utf8(one.sender) && smtp::valid_utf8(one.recipient));
    REQUIRE(one.first_seen <= one.last_seen);
    REQUIRE(!one.passed || (*one.passed >= one.first_seen && *one.passed <= one.last_seen));
  }
  void check(const proxy::ImportedAllow& one) {
    ++taken_;
    REQUIRE(greylist::Network::parse(one.client).has_value());
    REQUIRE(one.sender.empty() || greylist::AddressList().add(one.sender).has_value());
    REQUIRE(one.recipient.empty() && !one.note.empty());
    REQUIRE(smtp::valid_utf8(one.sender) && smtp::valid_utf8(one.note));
  }
  void check(const proxy::ImportedBlock& one) {
    ++taken_;
    REQUIRE(greylist::Network::parse(one.client).has_value());
    REQUIRE(one.lapses.has_value());
  }
  void check(const proxy::ImportedEarner& one) {
    ++taken_;
    REQUIRE(greylist::IpAddress::parse(one.client).has_value());
  }

  std::uint64_t taken_ = 0;
};
