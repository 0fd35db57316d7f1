#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "proxy/admin/admin_server.h"
#include "proxy/admin/explain.h"
#include "proxy/admin/run_time_register.h"

namespace proxy {

// What the admin socket offers. Answers are JSON; lists are JSON Lines. An error is {"error": "…"} with 400 (the
// question can't be read), 404, 405 or 503 (the store can't answer).
//
//   GET    /status                                        as over HTTP
//   GET    /explain?client=&helo=&sender=&recipient=      what would be decided now, and why
//   GET    /explain?recipient=                            the latest decisions for one
//   GET    /entries?client=&sender=&recipient=&state=     the greylist's entries
//   DELETE /entries?…  or  ?all                           forgets them: {"forgotten": 3}
//   GET    /allow, /block                                 run-time entries
//   POST   /allow?client=&sender=&recipient=&for=&note=   adds one; for: "10m"
//   DELETE /allow?client=&sender=&recipient=              removes the one with just these conditions: {"removed": 1}
//   GET    /export, /export?all                           entries; with all also earners and run-time entries
//   POST   /import                                        takes such lines over: counts, and what was left out and why
class AdminApi final : public AdminPages {
 public:
  struct Sources {
    std::function<std::shared_ptr<const Setup>()> setup;  // as in force now
    std::function<std::string()> status;                  // the status document
    Site& site;
    RunTimeRegister& run_time;
  };
  explicit AdminApi(Sources sources) : sources_(std::move(sources)) {}

  AdminAnswer answer(const AdminRequest& request) override;
  std::unique_ptr<AdminUpload> upload(const AdminRequest& request) override;

 private:
  AdminAnswer explained(const AdminRequest& request);
  AdminAnswer entries(const AdminRequest& request);
  AdminAnswer exported(const AdminRequest& request);
  AdminAnswer forget(const AdminRequest& request);
  AdminAnswer run_time(const AdminRequest& request, greylist::RunTimeEntry::List list);
  std::function<std::string()> entry_lines(greylist::EntryFilter wanted);
  std::function<std::string()> earner_lines();

  Sources sources_;
};

}  // namespace proxy
