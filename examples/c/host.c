/*
 * A host that embeds the agent: it has a network and a tool, `lookup_order`, and the module has everything else.
 *
 *     wamr-host clawft-wasip1.wasm DIRECTORY NAME=VALUE < MESSAGE
 *
 * DIRECTORY holds `config.json`, and NAME is the variable with the key. This is an example to read, not a program to
 * use: its only network is plain HTTP, and it ignores timeouts.
 */

#define _POSIX_C_SOURCE 200809L

#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clawft.h"
#include "wasm_export.h"

#define STACK_SIZE (64 * 1024)
#define MOST_MEMORY (1024 * 1024 / 65536)

static wasm_module_inst_t agent;
static wasm_exec_env_t thread;
static struct timespec began;

static void fail(const char *what, const char *why) {
    fprintf(stderr, "error: %s: %s\n", what, why);
    exit(1);
}

/* Calls an exported function with its parameters in `cells`; the result is the first of them. */
static uint32_t call(const char *name, uint32_t count, uint32_t *cells) {
    wasm_function_inst_t function = wasm_runtime_lookup_function(agent, name);
    if (!function) fail(name, "the module does not export it");
    if (!wasm_runtime_call_wasm(thread, function, count, cells)) fail(name, wasm_runtime_get_exception(agent));
    return cells[0];
}
#define CALL(name, ...) call(name, sizeof((uint32_t[]){ __VA_ARGS__ }) / 4, (uint32_t[]){ __VA_ARGS__ })

/* Bytes that the module shall read, copied into its memory. */
static clawft_address lend(const void *bytes, uint32_t size) {
    clawft_address address = CALL("clawft_alloc", size);
    if (!address && size) fail("clawft_alloc", "the memory is full");
    if (size) memcpy(wasm_runtime_addr_app_to_native(agent, address), bytes, size);
    return address;
}

/* A text of the turn, copied and ended by a NUL. */
static char *text(clawft_turn turn, enum clawft_text which, size_t *size) {
    clawft_address address = CALL("clawft_text", turn, which);
    *size = CALL("clawft_text_size", turn, which);
    char *copy = calloc(*size + 1, 1);
    if (*size) memcpy(copy, wasm_runtime_addr_app_to_native(agent, address), *size);
    return copy;
}

static uint32_t elapsed_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (now.tv_sec - began.tv_sec) * 1000 + (now.tv_nsec - began.tv_nsec) / 1000000;
}

static int32_t feed(clawft_turn turn, enum clawft_event event, uint32_t number, const void *bytes, uint32_t size) {
    clawft_address address = lend(bytes, size);
    int32_t step = CALL("clawft_feed", turn, event, number, address, size, elapsed_ms());
    CALL("clawft_free", address);
    return step;
}

/* The network: one connection for each attempt, closed by the server at the end of the response. */
static FILE *server;

static FILE *connect_to(char *host) {
    char *port = strchr(host, ':');
    if (port) *port++ = 0;
    struct addrinfo *found, hints = { .ai_socktype = SOCK_STREAM };
    if (getaddrinfo(host, port ? port : "80", &hints, &found)) return NULL;
    int connection = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
    int refused = connect(connection, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    if (refused) close(connection);
    return refused ? NULL : fdopen(connection, "r+");
}

/* Sends the request, and reports how the response begins. HTTP 1.0 knows no chunks. */
static int32_t send_request(clawft_turn turn) {
    if (server) fclose(server);
    uint32_t wait = CALL("clawft_number", turn, CLAWFT_WAIT_MS);
    nanosleep(&(struct timespec){ wait / 1000, wait % 1000 * 1000000 }, NULL);
    size_t size, body_size;
    char *method = text(turn, CLAWFT_METHOD, &size), *url = text(turn, CLAWFT_URL, &size);
    char *headers = text(turn, CLAWFT_HEADERS, &size), *body = text(turn, CLAWFT_REQUEST_BODY, &body_size);
    if (strncmp(url, "http://", 7)) return feed(turn, CLAWFT_BROKEN, CLAWFT_IMPOSSIBLE, "only http here", 14);
    char *path = strdup(strchr(url + 7, '/')), *host = strndup(url + 7, strcspn(url + 7, "/")), *named = strdup(host);
    server = connect_to(host);
    if (!server) return feed(turn, CLAWFT_BROKEN, CLAWFT_UNAVAILABLE, "no connection", 13);
    fprintf(server, "%s %s HTTP/1.0\r\nhost: %s\r\ncontent-length: %zu\r\n%s\r\n", method, path, named, body_size, headers);
    fwrite(body, 1, body_size, server);
    fflush(server);
    free(method), free(url), free(headers), free(body), free(path), free(host), free(named);

    char line[4096], head[16384] = "";
    int status = 0;
    if (!fgets(line, sizeof(line), server) || sscanf(line, "HTTP/%*s %d", &status) != 1)
        return feed(turn, CLAWFT_BROKEN, CLAWFT_UNAVAILABLE, "no response", 11);
    while (fgets(line, sizeof(line), server) && line[0] != '\r')
        if (strlen(head) + strlen(line) < sizeof(head)) strcat(head, line);
    return feed(turn, CLAWFT_HEAD, status, head, strlen(head));
}

/* Reports what comes next of the response: a line, as streamed answers come in lines. */
static int32_t read_response(clawft_turn turn) {
    static char *line;
    static size_t room;
    ssize_t size = getline(&line, &room, server);
    return size > 0 ? feed(turn, CLAWFT_BODY, 0, line, size) : feed(turn, CLAWFT_END, 0, "", 0);
}

/* Offers the tool. */
static void offer(const char *name, const char *description, const char *parameters) {
    uint32_t sizes[] = { strlen(name), strlen(description), strlen(parameters) };
    clawft_address texts[] = { lend(name, sizes[0]), lend(description, sizes[1]), lend(parameters, sizes[2]) };
    if (CALL("clawft_offer", texts[0], sizes[0], texts[1], sizes[1], texts[2], sizes[2])) fail(name, "it is refused");
    for (int i = 0; i < 3; i++) CALL("clawft_free", texts[i]);
}

/* Performs a call of the tool. The arguments are a JSON object: a real host reads them with a library. */
static int32_t perform(clawft_turn turn) {
    size_t size;
    char *arguments = text(turn, CLAWFT_CALL_ARGUMENTS, &size);
    int known = strstr(arguments, "\"A-17\"") != NULL;
    const char *result = known ? "shipped" : "there is no such order";
    free(arguments);
    clawft_address address = lend(result, strlen(result));
    int32_t step = CALL("clawft_answer", turn, address, strlen(result), !known, elapsed_ms());
    CALL("clawft_free", address);
    return step;
}

static uint8_t *read_all(FILE *file, uint32_t *size) {
    uint8_t *bytes = NULL;
    *size = 0;
    for (size_t more = 1; file && more; *size += more) {
        bytes = realloc(bytes, *size + 4096);
        more = fread(bytes + *size, 1, 4096, file);
    }
    return bytes;
}

/* Loads the module with the directory as `/config`, and one variable. */
static void load(const char *path, const char *directory, const char *variable) {
    static char mapped[4096], pool[1024 * 1024], error[128];
    static const char *directories[] = { mapped }, *variables[1];
    RuntimeInitArgs settings = { .mem_alloc_type = Alloc_With_Pool };
    settings.mem_alloc_option.pool.heap_buf = pool;
    settings.mem_alloc_option.pool.heap_size = sizeof(pool);
    if (!wasm_runtime_full_init(&settings)) fail("WAMR", "it did not start");

    uint32_t size;
    uint8_t *bytes = read_all(fopen(path, "rb"), &size);
    wasm_module_t module = bytes ? wasm_runtime_load(bytes, size, error, sizeof(error)) : NULL;
    if (!module) fail(path, error);
    snprintf(mapped, sizeof(mapped), "/config::%s", directory);
    variables[0] = variable;
    wasm_runtime_set_wasi_args(module, NULL, 0, directories, 1, variables, 1, NULL, 0);
    InstantiationArgs bounds = { .default_stack_size = STACK_SIZE, .max_memory_pages = MOST_MEMORY };
    agent = wasm_runtime_instantiate_ex(module, &bounds, error, sizeof(error));
    if (!agent) fail(path, error);
    thread = wasm_runtime_get_exec_env_singleton(agent);
    if (call("clawft_abi", 0, (uint32_t[1]){ 0 }) != CLAWFT_ABI) fail(path, "it is for another clawft.h");
}

int main(int count, char **arguments) {
    if (count != 4) fail("usage", "wamr-host MODULE DIRECTORY NAME=VALUE < MESSAGE");
    load(arguments[1], arguments[2], arguments[3]);

    offer("lookup_order", "Returns the state of an order.",
          "{\"type\":\"object\",\"properties\":{\"id\":{\"type\":\"string\"}},\"required\":[\"id\"]}");
    uint32_t size;
    uint8_t *message = read_all(stdin, &size);
    clock_gettime(CLOCK_MONOTONIC, &began);
    clawft_turn turn = CALL("clawft_begin", lend(message, size), size, 0, 0);
    int32_t step = CALL("clawft_step", turn);
    while (step == CLAWFT_SEND || step == CLAWFT_MORE || step == CLAWFT_CALL) {
        step = step == CLAWFT_SEND ? send_request(turn) : step == CLAWFT_CALL ? perform(turn) : read_response(turn);
        size_t length;
        char *piece = text(turn, CLAWFT_PIECE, &length);
        fwrite(piece, 1, length, stdout);
        fflush(stdout);
        free(piece);
    }
    size_t length, unstored;
    char *error = text(turn, CLAWFT_ERROR, &length), *warnings = text(turn, CLAWFT_WARNINGS, &length);
    free(text(turn, CLAWFT_UNSTORED, &unstored));
    if (step == CLAWFT_DONE) putchar('\n');
    if (*error) fprintf(stderr, "error: %s\n", error);
    fputs(warnings, stderr);
    return step == CLAWFT_DONE && !*error && !unstored ? 0 : 1;
}
