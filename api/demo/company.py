"""The demo company itself: who it is, whom it serves, what it sells. All files are written from these values."""

import random
from dataclasses import dataclass
from datetime import date, timedelta

from api.demo import words

__all__ = ["Company", "Customer", "Employee", "Order", "OrderLine", "Product", "Supplier", "make"]

NAME = "Halvorsen Messtechnik GmbH"
DOMAIN = "halvorsen-messtechnik.example"
_FIRST_DAY = date(2023, 1, 9)


@dataclass(frozen=True, slots=True)
class Customer:
    number: str
    name: str
    street: str
    postcode: str
    city: str
    country: str
    vat_id: str
    phone: str
    contact_first: str
    contact_last: str
    email: str
    rep: "Employee"

    @property
    def contact(self) -> str:
        return f"{self.contact_first} {self.contact_last}"


@dataclass(frozen=True, slots=True)
class Employee:
    id: int
    first: str
    last: str
    department: int
    manager: int | None

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"

    @property
    def email(self) -> str:
        return f"{words.ascii_fold(self.first)}.{words.ascii_fold(self.last)}{self.id}@{DOMAIN}".lower()


@dataclass(frozen=True, slots=True)
class Supplier:
    id: int
    name: str
    country: str


@dataclass(frozen=True, slots=True)
class Product:
    article: str
    title: str
    group: int
    cents: int
    suppliers: tuple[Supplier, ...]

    @property
    def price(self) -> str:
        return f"{self.cents / 100:.2f}"


@dataclass(frozen=True, slots=True)
class OrderLine:
    product: Product
    quantity: int
    cents: int


@dataclass(frozen=True, slots=True)
class Order:
    number: str
    customer: Customer
    rep: Employee
    day: date
    lines: tuple[OrderLine, ...]
    invoice: str | None

    @property
    def cents(self) -> int:
        return sum(line.quantity * line.cents for line in self.lines)


@dataclass(frozen=True, slots=True)
class Company:
    """Everything true about the demo company."""

    employees: tuple[Employee, ...]
    suppliers: tuple[Supplier, ...]
    products: tuple[Product, ...]
    customers: tuple[Customer, ...]
    orders: tuple[Order, ...]

    @property
    def invoiced(self) -> list[Order]:
        return [order for order in self.orders if order.invoice]


def make(scale: int, rng: random.Random) -> Company:
    """About 100 customers, 24 employees, 120 products and 400 orders per unit of ``scale``."""
    employees = _employees(24 * scale, rng)
    suppliers = tuple(
        Supplier(700 + n, _company_name(rng), rng.choice(words.CITIES)[2]) for n in range(min(12 * scale, 400))
    )
    products = _products(120 * scale, suppliers, rng)
    reps = [employee for employee in employees if employee.department == 0]
    customers = _customers(100 * scale, reps, rng)
    return Company(employees, suppliers, products, customers, _orders(400 * scale, customers, products, reps, rng))


def _company_name(rng: random.Random) -> str:
    stem, trade = rng.choice(words.COMPANY_STEMS), rng.choice(words.COMPANY_TRADES)
    middle = f" {rng.choice(words.LAST_NAMES)}" if rng.random() < 0.25 else ""
    return f"{stem}{middle} {trade} {rng.choice(words.COMPANY_FORMS)}"


def _employees(count: int, rng: random.Random) -> tuple[Employee, ...]:
    made: list[Employee] = []
    for n in range(count):
        department = n % len(words.DEPARTMENTS)
        manager = None if n < len(words.DEPARTMENTS) else made[department].id
        made.append(
            Employee(4101 + n, rng.choice(words.FIRST_NAMES), rng.choice(words.LAST_NAMES), department, manager)
        )
    return tuple(made)


def _products(count: int, suppliers: tuple[Supplier, ...], rng: random.Random) -> tuple[Product, ...]:
    made: dict[str, Product] = {}
    while len(made) < count:
        group = rng.randrange(len(words.PRODUCT_KINDS))
        _, kinds, prefix = words.PRODUCT_KINDS[group]
        kind, line, size = rng.choice(kinds), rng.choice(words.PRODUCT_LINES), rng.randrange(100, 100 + 9 * count)
        article = f"{prefix}-{size}-{rng.choice('ABCDX')}{rng.randrange(10)}"
        chosen = tuple(rng.sample(suppliers, k=rng.choice((1, 1, 2))))
        made[article] = Product(article, f"{line} {kind} {size}", group, rng.randrange(1900, 480000), chosen)
    return tuple(made[article] for article in sorted(made))


def _customers(count: int, reps: list[Employee], rng: random.Random) -> tuple[Customer, ...]:
    made: dict[str, Customer] = {}
    while len(made) < count:
        name = _company_name(rng)
        city, postcode, country, prefix = rng.choice(words.CITIES)
        if name in made:
            continue
        first, last = rng.choice(words.FIRST_NAMES), rng.choice(words.LAST_NAMES)
        domain = words.ascii_fold(" ".join(name.split()[:2])).lower().replace(" ", "-").replace(".", "")
        made[name] = Customer(
            number=f"K-{10000 + 7 * len(made):06d}",
            name=name,
            street=f"{rng.choice(words.STREETS)} {rng.randrange(1, 180)}",
            postcode=postcode,
            city=city,
            country=country,
            vat_id=f"{country[:2].upper()}{rng.randrange(10**8, 10**9)}",
            phone=words.phone(prefix, rng),
            contact_first=first,
            contact_last=last,
            email=f"{words.ascii_fold(first)[0]}.{words.ascii_fold(last)}@{domain}.example".lower(),
            rep=rng.choice(reps),
        )
    return tuple(made.values())


def _orders(
    count: int, customers: tuple[Customer, ...], products: tuple[Product, ...], reps: list[Employee], rng: random.Random
) -> tuple[Order, ...]:
    made = []
    buyers = customers[: max(1, len(customers) * 9 // 10)]
    for n in range(count):
        customer = buyers[min(int(rng.expovariate(3.0 / len(buyers))), len(buyers) - 1)]
        chosen = rng.sample(products, k=rng.randrange(1, 6))
        lines = tuple(
            OrderLine(product, rng.randrange(1, 12), int(product.cents * rng.choice((1, 1, 0.95, 0.9))))
            for product in chosen
        )
        rep = customer.rep if rng.random() < 0.85 else rng.choice(reps)
        day = _FIRST_DAY + timedelta(days=n * 900 // count)
        invoice = f"R{day.year}-{n + 1:05d}" if rng.random() < 0.8 else None
        made.append(Order(str(4500001 + 3 * n), customer, rep, day, lines, invoice))
    return tuple(made)
