#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "proxy/backend/connection.h"
#include "proxy/deadlines.h"

namespace proxy {

struct Setup;

// Backend connections whose client has left, on one event loop: each is kept for a moment (backend.reuse), so that
// another client can have it. The backend still takes it for the former client's: whoever takes one tells the backend
// of the new client first.
class BackendPool {
 public:
  // As Postfix's own client has it: smtp_connection_reuse_time_limit.
  static constexpr std::chrono::minutes longest_life{5};
  // A server may leak with each client; Postfix's smtpd starts afresh after max_use clients.
  static constexpr unsigned most_clients = 100;
  // An idle connection keeps a process of the backend's busy, and pays where clients come in quick succession.
  // Postfix's smtpd under stress waits no longer either.
  static constexpr std::chrono::seconds longest_idleness{10};
  static constexpr std::size_t most_idle =
      8;  // of one address: few beside the 100 processes that Postfix starts by default

  explicit BackendPool(Loop& loop) : loop_(loop) {}
  ~BackendPool();
  BackendPool(const BackendPool&) = delete;
  BackendPool& operator=(const BackendPool&) = delete;

  // Keeps it if it is as good as new to another client; else says QUIT. No transaction may be open on it.
  void keep(std::unique_ptr<BackendConnection> connection, Moment now);
  // The one that was kept last of those opened under that setup; null: there is none. Those that the backend has
  // closed, or spoken on, don't count.
  std::unique_ptr<BackendConnection> take(const Setup& setup, const BackendAddress& address);

  void give_way(const BackendAddress& address);  // somebody waits for a connection: one fewer is kept
  void close_idle(Moment now);                   // those kept for too long
  void close();                                  // all

 private:
  struct Kept {
    std::unique_ptr<BackendConnection> connection;
    Moment since;
  };

  bool good_for_another(BackendConnection& connection, Moment now) const;
  std::unique_ptr<BackendConnection> remove(std::vector<Kept>::iterator kept);
  void look_again_after(Moment::duration time);

  Loop& loop_;
  std::vector<Kept> kept_;            // the one kept for longest comes first
  std::optional<Deadline> deadline_;  // gone with close(): a program that ends must not wait for it
};

}  // namespace proxy
