#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/admin/admin_server.h"
#include "proxy/admin/run_time_register.h"
#include "proxy/setup.h"

namespace proxy {

// Takes over JSON Lines: what `export` writes (entries; earners; run-time entries), and triplets of other greylisters,
// which have a `client` in place of an identity. Each line stands for itself: one that can't be taken over is counted
// with its reason, and the others are.
class ImportUpload final : public AdminUpload {
 public:
  ImportUpload(Site& site, std::shared_ptr<const Setup> setup, RunTimeRegister& run_time);
  void take(std::string_view octets) override;
  AdminAnswer finish() override;

 private:
  void take_line(std::string_view line);
  void leave_out(const std::string& reason);
  void flush();
  void flush_run_time_entries();

  Site& site_;
  const std::shared_ptr<const Setup> setup_;
  RunTimeRegister& run_time_;
  std::string unfinished_;                          // a line whose end hasn't come
  std::map<std::string, greylist::Entry> entries_;  // by key: a batch mustn't hold the same twice
  std::map<std::string, greylist::Earner> earners_;
  std::vector<greylist::RunTimeEntry> run_time_entries_;
  std::uint64_t triplets_ = 0, earned_ = 0, listed_ = 0;
  std::map<std::string, std::uint64_t> left_out_;
  std::string failure_;  // of the store: nothing more is taken
};

}  // namespace proxy
