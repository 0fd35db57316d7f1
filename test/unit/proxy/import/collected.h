#pragma once
#include <chrono>
#include <cstdint>
#include <expected>
#include <string>
#include <variant>
#include <vector>

#include "proxy/import/imported.h"

// Keeps what a reader hands over.
struct Collected {
  std::vector<proxy::ImportedTriplet> triplets;
  std::vector<proxy::ImportedAllow> allows;
  std::vector<proxy::ImportedBlock> blocks;
  std::vector<proxy::ImportedEarner> earners;

  proxy::Take take() {
    return [this](proxy::Imported entry) { std::visit([this](auto& one) { keep(std::move(one)); }, entry); };
  }
  bool counted_by(const proxy::ImportReport& report) const {
    return report.triplets == triplets.size() && report.allows == allows.size() && report.blocks == blocks.size() &&
           report.earners == earners.size();
  }

 private:
  void keep(proxy::ImportedTriplet&& one) { triplets.push_back(std::move(one)); }
  void keep(proxy::ImportedAllow&& one) { allows.push_back(std::move(one)); }
  void keep(proxy::ImportedBlock&& one) { blocks.push_back(std::move(one)); }
  void keep(proxy::ImportedEarner&& one) { earners.push_back(std::move(one)); }
};

inline std::int64_t seconds(greylist::Time time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

// Empty if there is none.
template <typename Value>
std::string error_in(const std::expected<Value, std::string>& result) {
  return result ? "" : result.error();
}

inline std::uint64_t left_out(const proxy::ImportReport& report) {
  std::uint64_t sum = 0;
  for (const auto& [reason, count] : report.left_out) sum += count;
  return sum;
}
