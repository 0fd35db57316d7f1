#include "proxy/server.h"

#include <algorithm>
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/post.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <future>
#include <mutex>
#include <thread>
#include <utility>

#include "proxy/admin/admin_api.h"
#include "proxy/admin/admin_server.h"
#include "proxy/backend/connection.h"
#include "proxy/backend/probe.h"
#include "proxy/backend/watch.h"
#include "proxy/certificates.h"
#include "proxy/confinement.h"
#include "proxy/listener.h"
#include "proxy/log.h"
#include "proxy/loop.h"
#include "proxy/process.h"
#include "proxy/reputation_keeper.h"
#include "proxy/service_manager.h"
#include "proxy/session/session.h"
#include "proxy/status/pages.h"
#include "proxy/status/status_server.h"
#include "proxy/store/open_store.h"
#include "proxy/version.h"

namespace proxy {

namespace {

using Millis = std::chrono::milliseconds;

// Clients that come while the backends are asked for the first time wait in the kernel's queue: better a moment than a
// wrong EHLO reply.
constexpr Millis longest_first_round{2'000};
constexpr Millis between_run_time_looks{500};  // what one host adds is in force on the others within a second

struct Stop {  // why the program can't start
  std::string why;
};

// The running program: loops, listeners, store, backends and their life from start to drain.
class Server {
 public:
  explicit Server(std::string config_path) : config_path_(std::move(config_path)) {}

  std::expected<void, Stop> start(const std::shared_ptr<Setup>& setup);
  int run();  // until it has drained; the exit status

 private:
  using WorkGuard = asio::executor_work_guard<asio::io_context::executor_type>;

  std::expected<void, Stop> bind(std::size_t loops);
  std::expected<void, Stop> open_store();
  std::expected<void, Stop> start_status();
  void start_admin();
  void load_run_time_entries();
  void accept();
  void wait_for_signal();
  void reload();
  void apply_configuration();
  void warn_of_expiry();
  void drain();
  void wait_for_sessions();
  void cut();
  void stop();
  void close();
  void on_every_loop(const std::function<void(Loop&, std::size_t)>& task);
  std::size_t open_connections() const;
  std::shared_ptr<const Setup> current() const;  // any thread
  StatusSources sources() const;                 // any thread
  const Settings& settings() const { return setup_->settings; }
  bool shares_store() const { return store_->status().engine == "redis"; }

  const std::string config_path_;
  std::string store_path_;  // of the store that is open, whatever a reload says
  std::string run_time_problem_;
  mutable std::mutex setup_mutex_;
  std::shared_ptr<const Setup> setup_;  // replaced on this thread alone, under setup_mutex_
  SystemClock clock_;
  std::unique_ptr<greylist::Store> store_;
  std::unique_ptr<Site> site_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::unique_ptr<BackendWatch> watch_;
  std::unique_ptr<StatusServer> status_;
  std::unique_ptr<RunTimeRegister> run_time_;
  std::unique_ptr<AdminApi> admin_api_;
  std::unique_ptr<AdminServer> admin_;
  asio::io_context control_{1};  // this thread's: signals and the course of things
  asio::signal_set signals_{control_};
  asio::steady_timer timer_{control_};
  Watchdog watchdog_{control_, loops_};
  asio::steady_timer expiry_timer_{control_}, run_time_timer_{control_};
  std::unique_ptr<ReputationKeeper> reputations_;  // on that loop, too
  std::vector<WorkGuard> work_;
  std::vector<std::jthread> threads_;
  std::atomic<std::size_t> stopped_listening_ = 0;  // loops
  std::atomic<bool> draining_ = false;
  std::atomic<std::size_t> cut_transactions_ = 0;
  bool accepting_ = false, has_cut_ = false, stopped_ = false;
  std::chrono::steady_clock::time_point until_;  // of the drain
  const std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  const std::chrono::system_clock::time_point start_time_ = std::chrono::system_clock::now();
};

std::expected<void, Stop> Server::start(const std::shared_ptr<Setup>& setup) {
  setup_ = setup;
  const std::size_t loops = settings().threads ? settings().threads : std::max(1u, std::thread::hardware_concurrency());
  // Ports may need root; files must not belong to it. And nobody can connect before the store is ours.
  if (auto bound = bind(loops); !bound) return bound;
  if (auto became = become(settings().user); !became) return std::unexpected(Stop{became.error()});
  if (auto opened = open_store(); !opened) return opened;
  store_path_ = settings().store.path;
  add_own_certificate(*setup, store_path_, nullptr);
  // Sessions are numbered from the time of the start, so that the logs of two runs don't mix.
  const auto first_session = static_cast<std::uint64_t>(clock_.now().time_since_epoch().count()) << 8;
  site_ = std::make_unique<Site>(clock_, *store_, first_session);
  for (std::size_t i = 0; i < loops; ++i) {
    loops_.push_back(std::make_unique<Loop>(*site_, setup_));
    site_->loops.push_back(loops_.back().get());
    store_->serve(loops_.back()->io);
  }
  if (auto started = start_status(); !started) return started;
  start_admin();
  for (const auto& listener : listeners_)
    if (auto listening = listener->listen(loops_); !listening) return std::unexpected(Stop{listening.error()});
  return {};
}

std::expected<void, Stop> Server::bind(std::size_t loops) {
  for (const auto& listen : settings().listen) {
    auto bound = Listener::bind(listen, loops);
    if (bound)
      listeners_.push_back(std::move(*bound));
    else if (listen.optional && bound.error().missing_family)
      LogEvent(LogLevel::warning, "listener_skipped").with("reason", bound.error().what).write();
    else
      return std::unexpected(Stop{bound.error().what});
  }
  if (listeners_.empty()) return std::unexpected(Stop{"listen: no address to listen on"});
  return {};
}

std::expected<void, Stop> Server::open_store() {
  auto opened = proxy::open_store(settings(), setup_->store_access, clock_);
  if (!opened) return std::unexpected(Stop{std::move(opened.error())});
  store_ = std::move(*opened);
  return {};
}

std::expected<void, Stop> Server::start_status() {
  auto started = StatusServer::start(settings().status_address,
                                     [this](std::string_view path) { return status_page(path, sources()); });
  if (!started) return std::unexpected(Stop{"status.address: " + started.error()});
  status_ = std::move(*started);
  return {};
}

// Without it mail flows all the same.
void Server::start_admin() {
  run_time_ = std::make_unique<RunTimeRegister>(*site_, loops_);
  admin_api_ = std::make_unique<AdminApi>(AdminApi::Sources{
      [this] { return current(); }, [this] { return status_page("/status", sources()).body; }, *site_, *run_time_});
  auto started = AdminServer::start(settings().admin_socket, *admin_api_);
  if (started)
    admin_ = std::move(*started);
  else
    LogEvent(LogLevel::error, "admin_unavailable").with("reason", "admin.socket: " + started.error()).write();
}

// What administrators added at run time: on another host, too, where the store is shared. A store that is sick may be
// well later.
void Server::load_run_time_entries() {
  const auto loaded = run_time_->load();
  if (loaded && !shares_store()) return;
  const auto problem = loaded ? std::string() : loaded.error();
  if (std::exchange(run_time_problem_, problem) != problem && !loaded)
    LogEvent(LogLevel::warning, "run_time_entries_unknown").with("reason", problem).write();
  run_time_timer_.expires_after(shares_store() ? between_run_time_looks : Millis(5'000));
  run_time_timer_.async_wait([this](const std::error_code& error) {
    if (!error && !stopped_) load_run_time_entries();
  });
}

std::shared_ptr<const Setup> Server::current() const {
  const std::lock_guard lock(setup_mutex_);
  return setup_;
}

StatusSources Server::sources() const { return {current(), *site_, loops_, started_, start_time_, draining_}; }

int Server::run() {
  for (const auto& loop : loops_) {
    work_.push_back(asio::make_work_guard(loop->io));
    threads_.emplace_back([&io = loop->io] { io.run(); });
  }
  load_run_time_entries();
  reputations_ = std::make_unique<ReputationKeeper>(*site_, control_);
  reputations_->start();
  watch_ = std::make_unique<BackendWatch>(*loops_.front());
  asio::post(loops_.front()->io, [this] { watch_->start([this] { asio::post(control_, [this] { accept(); }); }); });
  timer_.expires_after(longest_first_round);
  timer_.async_wait([this](const std::error_code& error) {
    if (!error) accept();
  });
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal);
  wait_for_signal();
  control_.run();
  close();
  return cut_transactions_ > 0 ? 1 : 0;
}

// Begins to take connections, once: when every backend was asked, or took too long to answer.
void Server::accept() {
  if (draining_ || std::exchange(accepting_, true)) return;
  LogEvent(LogLevel::info, "started").with("hostname", settings().hostname).with("version", version()).write();
  on_every_loop([this](Loop& loop, std::size_t index) {
    for (const auto& listener : listeners_) listener->accept(loop, index);
  });
  warn_of_expiry();
  service_manager::ready();
  watchdog_.start();
}

// Now, and every day from now on.
void Server::warn_of_expiry() {
  for (const auto& certificate : expiring(setup_->tls, std::chrono::system_clock::now()))
    LogEvent(LogLevel::warning, "certificate_expires")
        .with("certificate", certificate.file)
        .with("expires", date_of(certificate.expires))
        .write();
  expiry_timer_.expires_after(std::chrono::hours(24));
  expiry_timer_.async_wait([this](const std::error_code& error) {
    if (!error && !stopped_) warn_of_expiry();
  });
}

void Server::on_every_loop(const std::function<void(Loop&, std::size_t)>& task) {
  for (std::size_t i = 0; i < loops_.size(); ++i)
    asio::post(loops_[i]->io, [&loop = *loops_[i], i, task] { task(loop, i); });
}

void Server::wait_for_signal() {
  signals_.async_wait([this](const std::error_code& error, int signal) {
    if (error || stopped_) return;
    wait_for_signal();  // first, since stop() ends the waiting
    if (signal == SIGHUP)
      reload();
    else if (draining_)
      cut();  // asked twice: now
    else
      drain();
  });
}

void Server::reload() {
  service_manager::reloading();
  apply_configuration();
  if (accepting_ && !draining_) service_manager::ready();
}

// What can't be used changes nothing.
void Server::apply_configuration() {
  auto loaded = load_settings(config_path_);
  auto made = loaded ? make_setup(std::move(*loaded), setup_.get()) : std::unexpected(std::move(loaded.error()));
  if (!made) {
    for (const auto& problem : made.error())
      LogEvent(LogLevel::error, "reload_failed").with("reason", problem.line()).write();
    return;
  }
  for (const auto& key : changes_needing_restart(settings(), (*made)->settings))
    LogEvent(LogLevel::warning, "restart_needed").with("key", key).write();
  add_own_certificate(**made, store_path_, setup_.get());
  {
    const std::lock_guard lock(setup_mutex_);
    setup_ = std::move(*made);
  }
  start_log(settings().log.level, settings().log.format);
  store_->set_limits(settings().greylist.limits);
  on_every_loop([setup = setup_](Loop& loop, std::size_t) {
    loop.setup = setup;
    loop.backend_pool.close();
    loop.recipient_check.close();
    loop.resolver.reconfigure({setup->settings.dns.servers, setup->settings.dns.timeout});
  });
  LogEvent(LogLevel::info, "reloaded").write();
  warn_of_expiry();
}

void Server::drain() {
  draining_ = true;
  service_manager::stopping();
  LogEvent(LogLevel::info, "draining").with("connections", open_connections()).write();
  on_every_loop([this](Loop& loop, std::size_t index) {
    loop.draining = true;
    for (const auto& listener : listeners_) listener->stop(loop, index);
    for (auto* session : loop.sessions) session->drain();
    loop.backend_pool.close();
    loop.recipient_check.close();
    if (index == 0) watch_->stop();
    ++stopped_listening_;
  });
  until_ = std::chrono::steady_clock::now() + settings().limits.drain_timeout;
  wait_for_sessions();
}

void Server::wait_for_sessions() {
  if (stopped_listening_ == loops_.size() && open_connections() == 0) return stop();
  if (std::chrono::steady_clock::now() >= until_) cut();
  timer_.expires_after(Millis(20));
  timer_.async_wait([this](const std::error_code& error) {
    if (!error) wait_for_sessions();
  });
}

// The time is up. Only those stay that wait for a backend's word on a message which it may have taken.
void Server::cut() {
  if (std::exchange(has_cut_, true)) return;
  on_every_loop([this](Loop& loop, std::size_t) {
    loop.cut = true;
    for (auto* session : loop.sessions)
      if (session->cut()) ++cut_transactions_;
    for (auto* connection : loop.backend_connections) connection->interrupt();
  });
}

// No session is left: the loops run out of work by themselves.
void Server::stop() {
  stopped_ = true;
  admin_.reset();  // what it asks of the loops they can still answer
  on_every_loop([this](Loop& loop, std::size_t) {
    for (auto* connection : loop.backend_connections) connection->interrupt();  // of probes
    store_->leave(loop.io);
  });
  work_.clear();
  signals_.cancel();
  timer_.cancel();
  watchdog_.stop();
  expiry_timer_.cancel();
  run_time_timer_.cancel();
  reputations_->stop();
}

void Server::close() {
  threads_.clear();  // joins
  status_.reset();
  reputations_->write_rest();
  store_.reset();
  LogEvent(LogLevel::info, "stopped").with("transactions_cut_off", cut_transactions_.load()).write();
}

std::size_t Server::open_connections() const {
  std::uint64_t open = 0;
  for (const auto& loop : loops_) open += loop->counters.connections.open.value();
  return open;
}

// The last lines are written, unless whoever reads stderr is stuck: that mustn't keep us from ending.
void end_log_or_exit(int status) {
  std::promise<void> ended;
  auto end = ended.get_future();
  std::thread([ended = std::move(ended)]() mutable {
    stop_log();
    ended.set_value();
  }).detach();
  if (end.wait_for(std::chrono::seconds(2)) == std::future_status::timeout) std::_Exit(status);
}

int failed(const std::string& why) {
  std::fprintf(stderr, "greygate: %s\n", why.c_str());
  return 1;
}

int failed(const ConfigProblems& problems) {
  for (const auto& problem : problems) std::fprintf(stderr, "%s\n", problem.line().c_str());
  return 1;
}

// The store moves what is broken aside, and keeps our own certificate beside itself.
std::expected<void, std::string> confine_to(const Settings& settings) {
  const auto directory_of = [](const std::string& path) { return std::filesystem::path(path).parent_path().string(); };
  const auto& path = settings.store.path;
  const auto& fallback = settings.store.fallback;
  std::vector<std::string> writable{path, directory_of(path), directory_of(settings.admin_socket)};
  if (!fallback.empty()) writable.insert(writable.end(), {fallback, directory_of(fallback)});
  return confine(writable);
}

}  // namespace

int serve(const std::string& config_path) {
  auto settings = load_settings(config_path);
  if (!settings) return failed(settings.error());
  auto setup = make_setup(std::move(*settings), nullptr);
  if (!setup) return failed(setup.error());
  raise_descriptor_limit();
  const auto confined = confine_to((*setup)->settings);
  start_log((*setup)->settings.log.level, (*setup)->settings.log.format);
  if (!confined) LogEvent(LogLevel::info, "not_confined").with("reason", confined.error()).write();
  int status = 1;
  {
    Server server(config_path);
    if (const auto started = server.start(*setup); started)
      status = server.run();
    else
      failed(started.error().why);
  }
  end_log_or_exit(status);
  return status;
}

}  // namespace proxy
