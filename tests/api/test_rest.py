"""Health, metrics, uploads, page images, exports, the console, and the one error shape on every route."""

import errno
import io
import sqlite3
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from reportlab.pdfgen.canvas import Canvas

from api.app import build_app
from api.permissions import ROUTE_RULES
from api.rendering import PageDoesNotExistError, render_page
from api.uploads import safe_path
from bifrost import ml
from bifrost.errors import AuthenticationError, InputError
from tests.api.conftest import Client, Server, Shop, connect
from tests.api.shop import LETTER

pytestmark = pytest.mark.anyio

SHAPE = {"code", "message", "remedy", "retryable"}


@pytest.mark.parametrize("path", ["/health", "/ready"])
async def test_health_is_open(nobody: httpx.AsyncClient, path: str) -> None:
    response = await nobody.get(path)
    assert response.status_code == 200
    assert set(response.json()) == {"status"}


async def test_a_service_without_its_store_is_alive_but_not_ready(shop: Shop, nobody: httpx.AsyncClient) -> None:
    shop.service.store.engine.dispose()
    (shop.service.settings.data_dir / "store.sqlite").unlink()
    for suffix in ("-wal", "-shm"):
        (shop.service.settings.data_dir / f"store.sqlite{suffix}").unlink(missing_ok=True)
    assert (await nobody.get("/health")).status_code == 200
    assert (await nobody.get("/ready")).status_code >= 500


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/nothing", 404, "not_found"),
        ("GET", "/missing.js", 404, "not_found"),
        ("PUT", "/api/session", 405, "method_not_allowed"),
        ("POST", "/health", 405, "method_not_allowed"),
        ("DELETE", "/graphql", 405, "method_not_allowed"),
        ("GET", "/api/export?format=tape", 400, "bad_input"),
        ("GET", "/api/documents/page?id=nothing", 404, "not_found"),
        ("GET", "/api/documents/page?id=x&width=1e9", 400, "bad_input"),
        ("POST", "/api/uploads", 400, "bad_input"),
        ("GET", "/sparql?query=SELEKT", 400, "query_syntax"),
        ("POST", "/sparql", 400, "bad_input"),
    ],
)
async def test_errors_have_one_shape(admin: Client, method: str, path: str, status: int, code: str) -> None:
    response = await admin.http.request(method, path)
    assert response.status_code == status
    assert set(response.json()["error"]) == SHAPE
    assert response.json()["error"]["code"] == code
    assert response.headers["x-request-id"]
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_what_goes_wrong_inside_stays_inside(shop: Shop, admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(_: str) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(shop.service, "export", explode)
    response = await admin.http.get("/api/export?format=graphml", headers={"X-Request-Id": "my-request-1"})
    assert response.status_code == 500
    assert response.json()["error"]["code"] == "internal"
    assert "hunter2" not in response.text
    assert response.headers["x-request-id"] == "my-request-1"


@pytest.mark.parametrize(
    "error",
    [OSError(errno.ENOSPC, "No space left on device", "/secret"), sqlite3.OperationalError("database or disk is full")],
)
async def test_a_full_disk_is_named_whatever_could_not_be_written(
    shop: Shop, admin: Client, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def explode(_: str) -> None:
        try:
            raise error
        except Exception as cause:
            raise RuntimeError("not written") from cause

    monkeypatch.setattr(shop.service, "export", explode)
    response = await admin.http.get("/api/export?format=graphml")
    assert response.status_code == 507
    assert response.json()["error"]["code"] == "store_full"
    assert "/secret" not in response.text


async def test_metrics_count_requests_by_pattern_and_tell_the_state(admin: Client) -> None:
    await admin.graphql("{ version }")
    await admin.http.get("/some/page/of/the/console")
    text = (await admin.http.get("/metrics")).text
    assert 'bifrost_http_requests_total{method="POST",route="/graphql",status="200"} 1.0' in text
    assert 'route="/{path:path}"' in text
    for line in (
        'bifrost_builds{state="done"} 1.0',
        "bifrost_review_queue 0.0",
        'bifrost_projection_lag{projection="search"}',
        'bifrost_projection_lag_seconds{projection="search"} 0.0',
    ):
        assert line in text


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [("127.0.0.1", {}, 200), ("192.0.2.7", {}, 401), ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, 401)],
)
async def test_metrics_need_a_token_unless_scraped_directly_on_this_machine(
    shop: Shop, address: str, headers: dict[str, str], status: int
) -> None:
    transport = httpx.ASGITransport(shop.app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://bifrost.test") as http:
        assert (await http.get("/metrics", headers=headers)).status_code == status


async def test_an_export_is_streamed_and_written_down(admin: Client, shop: Shop) -> None:
    response = await admin.http.get("/api/export?format=graphml")
    assert response.text == "<graphml></graphml>"
    assert response.headers["content-disposition"] == 'attachment; filename="graph.graphml"'
    assert [(entry.action, entry.subject) for entry in shop.accounts.audit_log()] == [("export", "graphml")]


@pytest.mark.parametrize("token", ["", "bft_wrong"])
def test_who_may_not_read_the_graph_is_told_so_by_the_loader(server: Server, token: str) -> None:
    with pytest.raises(AuthenticationError) as failed:
        ml.load(f"http://127.0.0.1:{server.port}", token=token)
    assert "token" in failed.value.remedy


class TestUploads:
    async def test_files_keep_their_relative_paths(self, admin: Client) -> None:
        files = [
            ("files", ("in/a.csv", b"x,y\n1,2\n")),
            ("files", ("in/deep/b ü.txt", b"hello")),
            ("files", ("c", b"")),
        ]
        answer = (await admin.http.post("/api/uploads", files=files)).json()
        folder = Path(answer["path"])
        assert (answer["files"], answer["bytes"]) == (3, 13)
        assert (folder / "in" / "a.csv").read_bytes() == b"x,y\n1,2\n"
        assert (folder / "in" / "deep" / "b ü.txt").read_bytes() == b"hello"
        assert not list(folder.parent.glob(".partial*"))

    async def test_large_files_arrive_whole(self, admin: Client) -> None:
        content = bytes(range(256)) * 20_000
        answer = (await admin.http.post("/api/uploads", files={"files": ("big.bin", content)})).json()
        assert (Path(answer["path"]) / "big.bin").read_bytes() == content

    @pytest.mark.parametrize("name", ["../evil.txt", "a/../../evil.txt", "..\\evil.txt", "/", "a/.."])
    async def test_names_that_lead_out_are_refused_and_nothing_stays(
        self, admin: Client, shop: Shop, name: str
    ) -> None:
        response = await admin.http.post("/api/uploads", files={"files": (name, b"x")})
        assert response.status_code == 400
        uploads = shop.service.settings.data_dir / "uploads"
        assert list(uploads.rglob("*")) == []

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"--b\r\n",
            b"--b--\r\n",
            b"--b\r\nContent-Disposition: form-data; name=files; filename=a\r\n\r\nhalf",
            b"\x00" * 99,
        ],
    )
    async def test_broken_bodies_are_refused(self, admin: Client, shop: Shop, body: bytes) -> None:
        response = await admin.http.post(
            "/api/uploads", content=body, headers={"Content-Type": "multipart/form-data; boundary=b"}
        )
        assert response.status_code == 400
        assert list((shop.service.settings.data_dir / "uploads").rglob("*")) == []

    async def test_more_than_the_limit_is_refused_on_the_way(self, shop: Shop, stocked: Path) -> None:
        shop.service.settings = shop.service.settings.model_copy(update={"max_upload_bytes": 1000})
        async with connect(shop.app, "admin") as http:
            response = await http.post("/api/uploads", files={"files": ("big", b"x" * 1001)})
        assert response.status_code == 413
        assert response.json()["error"]["code"] == "too_large"

    @given(st.text())
    def test_a_safe_path_never_leads_out(self, name: str) -> None:
        try:
            path = safe_path(name)
        except InputError:
            return
        assert not path.is_absolute()
        assert ".." not in path.parts
        assert path.parts
        assert all(part.isprintable() and len(part) <= 200 for part in path.parts)


def pdf(pages: int) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(200, 100))
    for number in range(pages):
        canvas.drawString(20, 50, f"Page {number + 1}")
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


class TestPageImages:
    def test_a_page_has_the_width_asked_for(self) -> None:
        image = Image.open(io.BytesIO(render_page("application/pdf", pdf(2), 2, 400)))
        assert image.size == (400, 200)

    def test_an_image_is_scaled_down_but_not_up(self) -> None:
        stream = io.BytesIO()
        Image.new("RGBA", (300, 150)).save(stream, "PNG")
        assert Image.open(io.BytesIO(render_page("image/png", stream.getvalue(), 1, 100))).size == (100, 50)
        assert Image.open(io.BytesIO(render_page("image/png", stream.getvalue(), 1, 900))).size == (300, 150)

    def test_there_is_no_page_beyond_the_last(self) -> None:
        with pytest.raises(PageDoesNotExistError):
            render_page("application/pdf", pdf(1), 2, 100)

    async def test_pages_come_from_the_file_in_its_source(self, admin: Client, shop: Shop) -> None:
        address = f"/api/documents/page?id={LETTER}&number=1&width=400"
        gone = await admin.http.get(address)
        assert gone.status_code == 404
        assert set(gone.json()["error"]) == SHAPE
        shop.service.files["letter.pdf"] = pdf(1)
        response = await admin.http.get(address)
        assert response.headers["content-type"] == "image/webp"
        assert Image.open(io.BytesIO(response.content)).size == (400, 200)
        shop.service.files["letter.pdf"] = b"%PDF-1.7 broken"
        broken = await admin.http.get(address.replace("width=400", "width=300"))
        assert (broken.status_code, broken.json()["error"]["code"]) == (422, "record")


class TestConsole:
    @pytest.fixture
    def built(self, tmp_path: Path) -> Path:
        folder = tmp_path / "dist"
        (folder / "assets").mkdir(parents=True)
        (folder / "index.html").write_text("<!doctype html><title>Console</title>")
        (folder / "assets" / "app-1234.js").write_text("console.log('x')\n" * 200)
        (tmp_path / "secret.txt").write_text("secret")
        return folder

    async def test_files_fallback_and_headers(self, shop: Shop, built: Path) -> None:
        app = build_app(shop.service, shop.accounts, console=built)
        async with connect(app) as http:
            index, page, script = [await http.get(path) for path in ("/", "/review/abc", "/assets/app-1234.js")]
            for outside in ("/..%2fsecret.txt", "/assets/../../secret.txt", "/%2e%2e/secret.txt"):
                assert "secret" not in (await http.get(outside)).text
        app.close()
        assert "Console" in index.text
        assert page.text == index.text
        assert index.headers["cache-control"] == "no-cache"
        policy = index.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self';" in policy
        assert "immutable" in script.headers["cache-control"]
        assert script.headers["content-encoding"] == "gzip"


def test_every_route_is_documented() -> None:
    text = (Path(__file__).parents[2] / "docs" / "reference" / "http.md").read_text(encoding="utf-8")
    paths = ["every other address" if path == "/{path:path}" else f"`{path}`" for path in ROUTE_RULES]
    assert [path for path in paths if path not in text] == []
