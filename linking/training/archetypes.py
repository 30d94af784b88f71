"""Table layouts of ordinary companies and institutions, from which training schemas are drawn.

One line is a table: ``name: column, column, ...``. ``role>table`` is a reference (role empty: named after the table),
``role>>table`` one that many rows leave empty, ``name=kind`` a plain column of a value kind of
:mod:`linking.training.values`. ``/`` after the name marks a join table without a key of its own, ``!`` a table that shares
its key with the table of its first reference, ``~n`` a fixed small number of rows.
"""

__all__ = ["ARCHETYPES"]

ARCHETYPES: dict[str, str] = {
    "trade": """
        category ~9: name=noun, description=sentence
        supplier: company=company, contact_name=person, contact_title=title, street=street, city=city, country=country, phone=phone
        product: name=product, >supplier, >category, unit_price=price, in_stock=small, on_order=small, reorder_level=small
        customer: company=company, contact_name=person, contact_title=title, street=street, city=city, country=country, phone=phone
        carrier ~4: company=company, phone=phone
        employee: last_name=last, first_name=first, title=title, born=date, hired=date, city=city, manager>>employee
        order: >customer, >employee, ordered=date, shipped=date, via>carrier, freight=price, ship_city=city, ship_country=country
        order_item/: >order, >product, unit_price=price, quantity=small, discount=ratio
        region ~5: name=city
        territory: name=city, >region
        employee_territory/: >employee, >territory""",
    "library": """
        author: name=person, born=year, country=country
        publisher: name=company, city=city
        book: title=phrase, >author, >publisher, published=year, pages=medium, isbn=digits
        branch ~6: name=city, street=street
        copy: >book, >branch, shelf=short, acquired=date, price=price
        member: first_name=first, last_name=last, email=email, joined=date, home>branch
        loan: >copy, >member, borrowed=date, due=date, returned=date
        reservation: >book, >member, placed=date, position=rank""",
    "hospital": """
        department ~12: name=noun, floor=rank, phone=phone
        doctor: first_name=first, last_name=last, >department, license=digits, hired=date
        patient: first_name=first, last_name=last, born=date, sex=flag, city=city, insurance_number=digits
        visit: >patient, attending>doctor, admitted=date, discharged=date, diagnosis=phrase, cost=price
        drug: name=product, dose=small, unit=short
        prescription: >visit, >drug, quantity=small, days=small
        ward ~10: name=city, >department, beds=small
        stay: >visit, >ward, bed=rank, nights=small""",
    "school": """
        teacher: first_name=first, last_name=last, subject=noun, email=email
        course: title=phrase, lecturer>teacher, credits=rank, hours=small
        student: first_name=first, last_name=last, born=date, year=rank, tutor>>teacher
        room ~20: building=short, seats=small
        lesson: >course, >room, weekday=rank, hour=rank
        enrolment/: >student, >course, grade=rank, enrolled=date
        exam: >course, held=date, >room, duration=small
        result: >exam, >student, points=small""",
    "airline": """
        country ~40: name=country, continent=short
        airport: name=city, >country, latitude=float, longitude=float, elevation=medium
        aircraft: model=product, seats=small, range=medium, built=year
        flight: origin>airport, destination>airport, >aircraft, departure=date, distance=medium
        passenger: first_name=first, last_name=last, passport=digits, nationality>country
        booking: >passenger, booked=date, total=price
        ticket: >booking, >flight, seat=short, fare=price
        crew: first_name=first, last_name=last, base>airport, captain>>crew
        assignment/: >crew, >flight, role=short""",
    "music": """
        artist: name=person, country=country
        genre ~20: name=noun
        format ~5: name=noun
        album: title=phrase, >artist, released=year
        song: title=phrase, >album, >genre, >format, milliseconds=large, bytes=large, price=price, composer=person
        list ~15: name=noun
        list_song/: >list, >song
        client: first_name=first, last_name=last, company=company, city=city, email=email, agent>staff
        staff ~9: first_name=first, last_name=last, title=title, boss>>staff
        bill: >client, issued=date, city=city, country=country, total=price
        bill_line: >bill, >song, price=price, quantity=rank""",
    "bank": """
        branch: name=city, city=city, manager>>clerk
        clerk: first_name=first, last_name=last, >branch, salary=large
        holder: first_name=first, last_name=last, born=date, street=street, city=city
        account_type ~4: name=noun, rate=ratio
        account: >holder, >branch, kind>account_type, opened=date, balance=price
        transfer: source>account, target>account, amount=price, booked=date, text=phrase
        card: >account, number=digits, expires=date, pin=medium
        loan: >account, principal=large, rate=ratio, months=small
        payment: >loan, due=date, amount=price, sequence=rank""",
    "helpdesk": """
        team ~8: name=noun
        agent: name=person, email=email, >team, level=rank
        requester: name=person, email=email, company=company
        priority ~4: name=short, hours=small
        ticket: subject=phrase, raised_by>requester, assigned_to>agent, >priority, opened=date, closed=date
        comment: >ticket, author>agent, text=sentence, written=date
        asset: tag=code, model=product, owner>requester, bought=date
        asset_detail!: >asset, serial=digits, warranty=small""",
    "factory": """
        plant ~5: name=city, country=country
        line ~15: name=noun, >plant, capacity=medium
        machine: name=product, >line, built=year, power=small
        material: name=product, unit=short, stock=medium
        article: name=product, weight=float, price=price
        recipe/: >article, >material, quantity=small
        job: >article, >line, planned=date, quantity=medium, status=flag
        inspection: >job, inspector>worker, passed=flag, defects=small
        worker: first_name=first, last_name=last, >plant, foreman>>worker, shift=rank
        downtime: >machine, started=date, minutes=small, reason=phrase""",
    "football": """
        club: name=city, founded=year, stadium=phrase
        player: name=person, born=date, >club, shirt=rank, height=small, value=large
        season ~12: year=year
        game: >season, home>club, away>club, home_goals=rank, away_goals=rank, played=date, attendance=large
        goal: >game, scorer>player, minute=small
        referee: name=person, country=country
        appointment/: >game, >referee
        contract: >player, >club, signed=date, until=date, salary=large""",
    "estate": """
        owner: name=person, phone=phone, email=email
        property: street=street, city=city, >owner, rooms=rank, area=small, built=year
        tenant: name=person, phone=phone, born=date
        lease: >property, >tenant, start=date, finish=date, rent=price, deposit=price
        agent ~12: name=person, phone=phone
        viewing: >property, >agent, interested>tenant, held=date
        repair: >property, reported=date, cost=price, contractor>company
        company: name=company, trade=noun, phone=phone""",
    "research": """
        institute: name=company, city=city, country=country
        scientist: name=person, >institute, h_index=small, mentor>>scientist
        journal: name=phrase, issn=digits, impact=float
        paper: title=phrase, >journal, published=year, pages=small, doi=code
        authorship/: >paper, >scientist, position=rank
        citation/: citing>paper, cited>paper
        grant: title=phrase, lead>scientist, amount=large, start=date
        specimen: label=code, collected_by>scientist, collected=date, site=city, weight=float
        measurement: >specimen, value=float, unit=short, measured=date""",
    "logistics": """
        depot ~8: name=city, country=country
        vehicle: plate=code, model=product, >depot, capacity=medium, mileage=large
        driver: first_name=first, last_name=last, licence=digits, >depot
        tour: >vehicle, >driver, planned=date, distance=medium
        consignee: name=company, street=street, city=city, postcode=digits
        parcel: >consignee, >tour, weight=float, volume=float, tracking=digits
        scan: >parcel, at>depot, scanned=date, status=flag
        claim: >parcel, amount=price, filed=date, handler>>clerk
        clerk ~10: name=person, email=email""",
    "hotel": """
        property ~7: name=phrase, city=city, stars=rank
        room_type ~5: name=noun, beds=rank, price=price
        room: >property, >room_type, number=medium, floor=rank
        guest: first_name=first, last_name=last, email=email, country=country
        stay: >guest, >room, arrival=date, departure=date, adults=rank, total=price
        service ~15: name=noun, price=price
        charge: >stay, >service, quantity=rank, charged=date
        review: >stay, rating=rank, text=sentence""",
    "chain": """
        address: street_number=medium, street=street, suite=short, city=city, country=country, location_type=short
        household: income_band=rank, size=rank, vehicles=rank, buy_potential=short
        customer: first_name=first, last_name=last, email=email, current>address, shipping>>address, >household, birth_year=year
        shop ~12: name=city, >address, manager=person, floor_space=large, opened=date, closed=date
        depot ~6: name=city, >address, space=large
        item: name=product, brand=company, brand_number=medium, size=short, container=short, price=price
        stock: >item, >depot, counted=date, quantity_on_hand=medium
        campaign ~30: name=phrase, >item, started=date, ended=date, cost=price, target=rank, purpose=short
        sale: >item, >customer, >shop, >campaign, sold=date, quantity=small, list_price=price, tax=price
        refund: >sale, >customer, refunded=date, amount=price, cause>>cause
        cause ~20: text=phrase""",
    "election": """
        party ~10: name=noun, founded=year
        district: name=city, population=large, area=medium
        candidate: name=person, >party, >district, age=small
        polling_place: street=street, >district, voters=medium
        count: >polling_place, >candidate, votes=medium
        donor: name=person, city=city, occupation=title
        donation: >donor, recipient>candidate, amount=price, given=date
        seat!: >candidate, since=date""",
}
